// One build of all kernels for one instruction set: ELMAN_ISA names it, ELMAN_VECTOR_BYTES and ELMAN_BLOCK_ROWS fit it.
#include "kernels.hpp"

#include <cstddef>

#define ELMAN_INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#define ELMAN_UNROLL _Pragma("clang loop unroll(full)")
#else
#define ELMAN_UNROLL _Pragma("GCC unroll 32")
#endif
#define ELMAN_SIMD _Pragma("omp simd")

#include "functions.hpp"
#include "product.hpp"

namespace elman::ELMAN_ISA {

template <class T, Op OP> ELMAN_INLINE T value(T a, T b, T c) {
  if constexpr (OP == COPY) return a;
  else if constexpr (OP == NEG) return -a;
  else if constexpr (OP == TANH) return tanh_(a);
  else if constexpr (OP == SIGMOID) return sigmoid_(a);
  else if constexpr (OP == RELU) return a < 0 ? T(0) : a;  // NaN stays
  else if constexpr (OP == EXP) return exp_(a);
  else if constexpr (OP == EXPM1) return expm1_(a);
  else if constexpr (OP == LOG) return log_(a);
  else if constexpr (OP == LOG1P) return log1p_(a);
  else if constexpr (OP == SQRT) return sqrt_(a);
  else if constexpr (OP == RSQRT) return T(1) / sqrt_(a);
  else if constexpr (OP == RECIPROCAL) return T(1) / a;
  else if constexpr (OP == ABS) return fabs_(a);
  else if constexpr (OP == SIGN) return a != a ? a : T(T(a > 0) - T(a < 0));
  else if constexpr (OP == SIN) return sin_(a);
  else if constexpr (OP == COS) return cos_(a);
  else if constexpr (OP == ERF) return erf_(a);
  else if constexpr (OP == SOFTPLUS) return softplus_(a);
  else if constexpr (OP == ADD) return a + b;
  else if constexpr (OP == SUB) return a - b;
  else if constexpr (OP == MUL) return a * b;
  else if constexpr (OP == DIV) return a / b;
  else if constexpr (OP == POW) return pow_(a, b);
  else if constexpr (OP == MINIMUM) return a != a ? a : b < a || b != b ? b : a;
  else if constexpr (OP == MAXIMUM) return a != a ? a : b > a || b != b ? b : a;
  else if constexpr (OP == GT) return a > b ? T(1) : T(0);
  else if constexpr (OP == GE) return a >= b ? T(1) : T(0);
  else if constexpr (OP == LT) return a < b ? T(1) : T(0);
  else if constexpr (OP == LE) return a <= b ? T(1) : T(0);
  else if constexpr (OP == EQ) return a == b ? T(1) : T(0);
  else if constexpr (OP == NE) return a != b ? T(1) : T(0);
  else if constexpr (OP == TANH_GRAD) return a * (T(1) - b * b);
  else if constexpr (OP == SIGMOID_GRAD) return a * (b * (T(1) - b));
  else if constexpr (OP == RELU_GRAD) return b > 0 ? a : T(0);
  else if constexpr (OP == WHERE) return a != 0 ? b : c;
  else return a * b + c;  // FMA
}

template <class T> ELMAN_INLINE bool far(T x) { return !(fabs_(x) <= Number<T>::FURTHEST); }

// Sine and cosine. Numbers that are too far away get the C library's, and their neighbours must not notice: bits may not
// depend on what else is in the row. dst may be a: what the library will need is set aside before it is overwritten.
template <class T, Op OP, bool RA> ELMAN_INLINE void circular_row(T *dst, const T *a, Index width) {
  constexpr Index PART = 64;
  const T a0 = *a;
  for (; width > 0; dst += PART, a += PART, width -= PART) {
    const Index n = width < PART ? width : PART;
    T x[PART];
    typename Number<T>::Bits any = 0;
    _Pragma("omp simd reduction(|: any)")
    for (Index j = 0; j < n; j++) {
      x[j] = RA ? a0 : a[j];
      any |= far(x[j]) ? 1u : 0u;
      dst[j] = value<T, OP>(x[j], T(0), T(0));
    }
    if (any)
      for (Index j = 0; j < n; j++)
        if (far(x[j])) dst[j] = OP == SIN ? library_sin(x[j]) : library_cos(x[j]);
  }
}

// One row; a repeated argument is one number. The compiler makes one loop of each combination.
template <class T, Op OP, bool RA, bool RB, bool RC>
ELMAN_INLINE void row(T *dst, const T *a, const T *b, const T *c, Index width) {
  const T a0 = RA ? *a : T(0), b0 = RB ? *b : T(0), c0 = RC ? *c : T(0);
  if constexpr (OP == SIN || OP == COS) {
    circular_row<T, OP, RA>(dst, a, width);
  } else if constexpr (OP == POW) {
    for (Index j = 0; j < width; j++) dst[j] = value<T, OP>(RA ? a0 : a[j], RB ? b0 : b[j], RC ? c0 : c[j]);
  } else {
    ELMAN_SIMD
    for (Index j = 0; j < width; j++) dst[j] = value<T, OP>(RA ? a0 : a[j], RB ? b0 : b[j], RC ? c0 : c[j]);
  }
}

template <class T, Op OP, bool RA, bool RB, bool RC> static void all_rows(const Elementwise<T> &e) {
  for (Index i = 0; i < e.rows; i++)
    row<T, OP, RA, RB, RC>(e.dst + i * e.dst_stride, e.from[0] + i * e.stride[0], e.from[1] + i * e.stride[1],
                           e.from[2] + i * e.stride[2], e.width);
}

template <class T, Op OP> static void elementwise(const Elementwise<T> &e) {
  constexpr int n = arity(OP);
  if constexpr (n == 1) {
    e.repeated[0] ? all_rows<T, OP, true, true, true>(e) : all_rows<T, OP, false, true, true>(e);
  } else if constexpr (n == 2) {
    if (e.repeated[0]) e.repeated[1] ? all_rows<T, OP, true, true, true>(e) : all_rows<T, OP, true, false, true>(e);
    else e.repeated[1] ? all_rows<T, OP, false, true, true>(e) : all_rows<T, OP, false, false, true>(e);
  } else if (e.repeated[0]) {
    if (e.repeated[1]) e.repeated[2] ? all_rows<T, OP, true, true, true>(e) : all_rows<T, OP, true, true, false>(e);
    else e.repeated[2] ? all_rows<T, OP, true, false, true>(e) : all_rows<T, OP, true, false, false>(e);
  } else {
    if (e.repeated[1]) e.repeated[2] ? all_rows<T, OP, false, true, true>(e) : all_rows<T, OP, false, true, false>(e);
    else e.repeated[2] ? all_rows<T, OP, false, false, true>(e) : all_rows<T, OP, false, false, false>(e);
  }
}

template <class T> static void total(const T *right, Index stride, Index columns, Index rows, T *dst) {
  for (Index i = 0; i < rows; i++) {
    const T *from = right + i * stride;
    ELMAN_SIMD
    for (Index j = 0; j < columns; j++) dst[j] += from[j];
  }
}

template <class T> static void sum(const T *a, Index a_stride, Index rows, Index width, T *dst, Index dst_stride) {
  for (Index i = 0; i < rows; i++) {
    T s[8] = {};
    const T *from = a + i * a_stride;
    Index j = 0;
    for (; j + 8 <= width; j += 8)
      ELMAN_UNROLL for (int l = 0; l < 8; l++) s[l] += from[j + l];
    for (; j < width; j++) s[0] += from[j];
    dst[i * dst_stride] = ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
  }
}

template <class T> static void max(const T *a, Index a_stride, Index rows, Index width, T *dst, Index dst_stride) {
  for (Index i = 0; i < rows; i++) {
    const T *from = a + i * a_stride;
    T m = from[0];
    for (Index j = 1; j < width; j++) m = value<T, MAXIMUM>(m, from[j], T(0));
    dst[i * dst_stride] = m;
  }
}

// A row of whole vectors, and what is left of it: no call of a library for some hundred bytes.
template <class T> ELMAN_INLINE void copy_row(const T *from, T *to, Index width) {
  constexpr Index L = LANES<T>;
  Index j = 0;
  for (; j + L <= width; j += L) store(to + j, load(from + j));
  for (; j < width; j++) to[j] = from[j];
}

template <class T>
static void gather(const T *from, Index from_stride, Index step, Index count, Index width, T *dst, Index dst_stride,
                   const Index *begin) {
  for (Index i = 0; i < count; i++, from += from_stride) {
    T *to = dst + begin[i] * dst_stride;
    if (step == 1) {
      copy_row(from, to, width);
    } else if (step == 0) {  // one number for all, as in the gradient of a sum
      for (Index j = 0; j < width; j++) to[j] = *from;
    } else {
      for (Index j = 0; j < width; j++) to[j] = from[j * step];
    }
  }
}

template <class T>
static void scatter(const T *from, Index from_stride, const Index *begin, Index count, Index width, T *to,
                    Index to_stride, Index step) {
  for (Index i = 0; i < count; i++, to += to_stride) {
    const T *p = from + begin[i] * from_stride;
    if (step == 1) copy_row(p, to, width);
    else
      for (Index j = 0; j < width; j++) to[j * step] = p[j];
  }
}

template <class T, int OP> static constexpr void fill(Kernels<T> &k) {
  k.elementwise[OP] = elementwise<T, Op(OP)>;
  if constexpr (OP > 0) fill<T, OP - 1>(k);
}

#define ELMAN_TEXT(x) #x
#define ELMAN_NAME(x) ELMAN_TEXT(x)

template <class T> static constexpr Kernels<T> make() {
  Kernels<T> k{};
  k.name = ELMAN_NAME(ELMAN_ISA);
  k.lanes = LANES<T>;
  k.packed_size = packed_size<T>;
  k.pack = pack<T>;
  k.matmul = matmul<T>;
  k.outer = outer<T>;
  k.total = total<T>;
  k.sum = sum<T>;
  k.max = max<T>;
  k.gather = gather<T>;
  k.scatter = scatter<T>;
  fill<T, ELEMENTWISE_OPS - 1>(k);
  return k;
}

const Kernels<float> &kernels32() {
  static constexpr Kernels<float> table = make<float>();
  return table;
}
const Kernels<double> &kernels64() {
  static constexpr Kernels<double> table = make<double>();
  return table;
}

}  // namespace elman::ELMAN_ISA
