// The matrix products: rows @ packed weights, and the sum of outer products that is a weight's gradient. kernels.cpp only.
#pragma once
#include "kernels.hpp"

namespace elman::ELMAN_ISA {

template <class T> constexpr int LANES = ELMAN_VECTOR_BYTES / int(sizeof(T));
constexpr int MAX_ROWS = ELMAN_BLOCK_ROWS;  // rows × 2 vectors of sums fill the registers, less three

template <class T> struct Vector {
  typedef T type __attribute__((vector_size(ELMAN_VECTOR_BYTES)));
  typedef T loose __attribute__((vector_size(ELMAN_VECTOR_BYTES), aligned(sizeof(T)), may_alias));  // anywhere in memory
};
template <class T> ELMAN_INLINE typename Vector<T>::type load(const T *p) {
  return *reinterpret_cast<const typename Vector<T>::loose *>(p);
}
template <class T> ELMAN_INLINE void store(T *p, typename Vector<T>::type v) {
  *reinterpret_cast<typename Vector<T>::loose *>(p) = v;
}

// c[r][j] = init[r][j] + Σ_k a[r * a_row + k * a_k] * b[k * b_k + j], for ROWS rows and COLUMNS vectors of columns
template <class T, int ROWS, int COLUMNS>
static void block(const T *a, Index a_row, Index a_k, const T *b, Index b_k, Index k, const T *init, Index init_row,
                  T *c, Index c_row) {
  using V = typename Vector<T>::type;
  constexpr int L = LANES<T>;
  constexpr int CHAINS = ROWS == 1 ? 4 : ROWS <= 3 ? 2 : 1;  // few sums would wait for each other: sum in several chains
  V sum[CHAINS][ROWS][COLUMNS];
  ELMAN_UNROLL for (int r = 0; r < ROWS; r++)
    ELMAN_UNROLL for (int j = 0; j < COLUMNS; j++) {
      sum[0][r][j] = init ? load(init + r * init_row + j * L) : V{};
      ELMAN_UNROLL for (int s = 1; s < CHAINS; s++) sum[s][r][j] = V{};
    }
  Index i = 0;
  for (; i + CHAINS <= k; i += CHAINS) {
    ELMAN_UNROLL for (int s = 0; s < CHAINS; s++) {
      V right[COLUMNS];
      ELMAN_UNROLL for (int j = 0; j < COLUMNS; j++) right[j] = load(b + (i + s) * b_k + j * L);
      ELMAN_UNROLL for (int r = 0; r < ROWS; r++) {
        const V left = a[r * a_row + (i + s) * a_k] - V{};
        ELMAN_UNROLL for (int j = 0; j < COLUMNS; j++) sum[s][r][j] += left * right[j];
      }
    }
  }
  for (; i < k; i++)
    ELMAN_UNROLL for (int r = 0; r < ROWS; r++) {
      const V left = a[r * a_row + i * a_k] - V{};
      ELMAN_UNROLL for (int j = 0; j < COLUMNS; j++) sum[0][r][j] += left * load(b + i * b_k + j * L);
    }
  ELMAN_UNROLL for (int r = 0; r < ROWS; r++)
    ELMAN_UNROLL for (int j = 0; j < COLUMNS; j++) {
      V all = sum[0][r][j];
      ELMAN_UNROLL for (int s = 1; s < CHAINS; s++) all += sum[s][r][j];
      store(c + r * c_row + j * L, all);
    }
}

template <class T>
using Block = void (*)(const T *, Index, Index, const T *, Index, Index, const T *, Index, T *, Index);

template <class T, int COLUMNS> struct Blocks {
  Block<T> of[15];
  constexpr Blocks() : of{} { fill<MAX_ROWS>(); }
  template <int ROWS> constexpr void fill() {
    of[ROWS] = block<T, ROWS, COLUMNS>;
    if constexpr (ROWS > 1) fill<ROWS - 1>();
  }
};
template <class T> static constexpr Blocks<T, 1> NARROW{};
template <class T> static constexpr Blocks<T, 2> WIDE{};

// All rows against one panel of columns, in blocks of rows as equal as possible.
template <class T>
ELMAN_INLINE void panel(const Block<T> *blocks, const T *a, Index a_row, Index a_k, Index rows, const T *b, Index b_k,
                        Index k, const T *init, Index init_row, T *c, Index c_row) {
  const Index parts = (rows + MAX_ROWS - 1) / MAX_ROWS;
  for (Index part = 0, r = 0; part < parts; part++) {
    const Index next = rows * (part + 1) / parts;
    blocks[next - r](a + r * a_row, a_row, a_k, b, b_k, k, init ? init + r * init_row : init, init_row, c + r * c_row,
                     c_row);
    r = next;
  }
}

template <class T> static Index packed_size(Index k, Index columns) {
  return k * ((columns + LANES<T> - 1) / LANES<T>) * LANES<T>;
}

// One panel; WIDTH is known to the compiler, so that a row is copied by a few vector instructions.
template <class T, int WIDTH>
ELMAN_INLINE T *pack_panel(const T *from, Index row, Index column, Index k, Index real, T *packed) {
  for (Index r = 0; r < k; r++, packed += WIDTH) {
    if (column == 1 && real == WIDTH) {
      __builtin_memcpy(packed, from + r * row, WIDTH * sizeof(T));
    } else {
      for (Index c = 0; c < real; c++) packed[c] = from[r * row + c * column];
      for (Index c = real; c < WIDTH; c++) packed[c] = T(0);
    }
  }
  return packed;
}

template <class T> static void pack(const T *w, Index row, Index column, Index k, Index columns, T *packed) {
  constexpr int L = LANES<T>;
  for (Index j = 0; j < columns; j += 2 * L) {
    const Index real = columns - j;
    packed = real <= L ? pack_panel<T, L>(w + j * column, row, column, k, real, packed)
                       : pack_panel<T, 2 * L>(w + j * column, row, column, k, real < 2 * L ? real : 2 * L, packed);
  }
}

template <class T>
static void matmul(const T *a, Index a_stride, Index rows, Index k, const T *packed, Index columns, const T *init,
                   Index init_stride, T *dst, Index dst_stride) {
  constexpr Index L = LANES<T>;
  for (Index j = 0; j < columns; j += 2 * L) {
    const bool wide = columns - j > L;
    const Index width = wide ? 2 * L : L;
    panel(wide ? WIDE<T>.of : NARROW<T>.of, a, a_stride, Index(1), rows, packed, width, k, init ? init + j : init,
          init_stride, dst + j, dst_stride);
    packed += k * width;
  }
}

// Where rows of `right` are far apart, a panel of it is copied to consecutive memory first: with a large power of two
// between its rows it would fall on few lines of the cache. So is an incomplete panel: past the end of `columns` there
// are zeros then, and whole vectors may be added to what stands beside.
template <class T>
static void outer(const T *left, Index left_stride, Index k, const T *right, Index right_stride, Index columns,
                  Index rows, T *dst, Index dst_stride, T *scratch) {
  constexpr Index L = LANES<T>;
  for (Index j = 0; j < columns; j += 2 * L) {
    const Index real = columns - j < 2 * L ? columns - j : 2 * L;
    const Index width = real <= L ? L : 2 * L;
    const T *b = right + j;
    Index b_row = right_stride;
    if (real < width || right_stride > 16 * L) {
      pack(b, right_stride, Index(1), rows, real, scratch);
      b = scratch;
      b_row = width;
    }
    panel(width == L ? NARROW<T>.of : WIDE<T>.of, left, Index(1), left_stride, k, b, b_row, rows, dst + j, dst_stride,
          dst + j, dst_stride);
  }
}

}  // namespace elman::ELMAN_ISA
