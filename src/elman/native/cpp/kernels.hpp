// What a tile machine computes with, once per instruction set and number type: products, elementwise operations, copies.
// No header of the standard library with inline functions may come in here: kernels.cpp is compiled several times with
// different instruction sets, and the linker would keep any one copy of a shared inline function.
#pragma once
#include <cstdint>

namespace elman {

using Index = std::int64_t;

// By one table go the elementwise operations; SUM, MAX (over features) and MATMUL have an instruction of their own.
#define ELMAN_OPERATIONS(X)                                                                                       \
  X(COPY) X(NEG) X(TANH) X(SIGMOID) X(RELU) X(EXP) X(EXPM1) X(LOG) X(LOG1P) X(SQRT) X(RSQRT) X(RECIPROCAL) X(ABS) \
  X(SIGN) X(SIN) X(COS) X(ERF) X(SOFTPLUS)                                                                        \
  X(ADD) X(SUB) X(MUL) X(DIV) X(POW) X(MINIMUM) X(MAXIMUM) X(GT) X(GE) X(LT) X(LE) X(EQ) X(NE)                    \
  X(TANH_GRAD) X(SIGMOID_GRAD) X(RELU_GRAD)                                                                       \
  X(WHERE) X(FMA)                                                                                                 \
  X(SUM) X(MAX) X(MATMUL)

enum Op : int {
#define ELMAN_NAME_OF(name) name,
  ELMAN_OPERATIONS(ELMAN_NAME_OF)
#undef ELMAN_NAME_OF
  OPS,
  ELEMENTWISE_OPS = SUM
};

inline constexpr int arity(Op op) { return op < ADD ? 1 : op < WHERE ? 2 : op < ELEMENTWISE_OPS ? 3 : 1; }

// dst[i][j] = f(a[i][j], b[i][j], c[i][j]); a row stride of 0 repeats a row, `repeated` repeats its first element.
template <class T> struct Elementwise {
  T *dst;
  Index dst_stride;
  const T *from[3];
  Index stride[3];
  bool repeated[3];
  Index rows, width;
};

// A block of a weight matrix (k × columns) in panels of `panel` columns, each k × panel and contiguous, the last one
// filled up with zeros to a whole number of vectors.
template <class T> struct Kernels {
  const char *name;
  int lanes;
  Index (*packed_size)(Index k, Index columns);
  // w[r * row + c * column] → panels
  void (*pack)(const T *w, Index row, Index column, Index k, Index columns, T *packed);
  // dst = init + a @ packed; init may be dst, or null; it and dst are read and written up to a whole vector
  void (*matmul)(const T *a, Index a_stride, Index rows, Index k, const T *packed, Index columns, const T *init,
                 Index init_stride, T *dst, Index dst_stride);
  // dst[k × columns] += leftᵀ right over the rows; scratch holds rows × (two vectors)
  void (*outer)(const T *left, Index left_stride, Index k, const T *right, Index right_stride, Index columns,
                Index rows, T *dst, Index dst_stride, T *scratch);
  // dst[columns] += Σ right over the rows
  void (*total)(const T *right, Index right_stride, Index columns, Index rows, T *dst);
  void (*elementwise[ELEMENTWISE_OPS])(const Elementwise<T> &);
  // dst[i] = sum or maximum of a[i][0 … width)
  void (*sum)(const T *a, Index a_stride, Index rows, Index width, T *dst, Index dst_stride);
  void (*max)(const T *a, Index a_stride, Index rows, Index width, T *dst, Index dst_stride);
  // `count` steps of one sequence, `from_stride` apart in memory, features `step` apart → rows begin[0], begin[1], … of
  // dst, and back
  void (*gather)(const T *from, Index from_stride, Index step, Index count, Index width, T *dst, Index dst_stride,
                 const Index *begin);
  void (*scatter)(const T *from, Index from_stride, const Index *begin, Index count, Index width, T *to,
                  Index to_stride, Index step);
};

namespace portable { const Kernels<float> &kernels32(); const Kernels<double> &kernels64(); }
namespace avx2 { const Kernels<float> &kernels32(); const Kernels<double> &kernels64(); }
namespace avx512 { const Kernels<float> &kernels32(); const Kernels<double> &kernels64(); }

}  // namespace elman
