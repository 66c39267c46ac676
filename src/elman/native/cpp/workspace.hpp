// The memory a tile computes in, and the execution of one stage on it.
#pragma once
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "code.hpp"
#include "machine.hpp"

namespace elman {

constexpr Index LINE = 64;  // bytes of a cache line and of the longest vector
constexpr Index HUGE_PAGE = 2 << 20;

struct Free { void operator()(void *p) const { std::free(p); } };
template <class T> using Block = std::unique_ptr<T[], Free>;

template <class T> Block<T> allocate(Index count) {
  std::size_t bytes = (std::size_t(count) * sizeof(T) / LINE + 2) * LINE;
  const std::size_t whole = bytes / HUGE_PAGE * HUGE_PAGE;  // what is behind gets small pages, as many as are touched
  const bool huge = whole > 0;
  if (huge) bytes = whole + HUGE_PAGE;
  void *p = std::aligned_alloc(huge ? HUGE_PAGE : LINE, bytes);
  if (!p) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
  if (huge) madvise(p, whole, MADV_HUGEPAGE);  // a page fault for every 4 KiB would cost more than filling them
#endif
  return Block<T>(static_cast<T *>(p));
}

// Rows begin on a cache line; never a multiple of 1 KiB apart, which would map many rows to few lines of the cache.
template <class T> Index row_stride(Index width) {
  const Index line = LINE / Index(sizeof(T)), whole = (width + line - 1) / line * line;
  return whole % (1024 / Index(sizeof(T))) == 0 ? whole + line : whole;
}

// The weights as the kernels want them: panels, aligned vectors, and the constants.
template <class T> struct Packed {
  std::vector<Block<T>> matrices, vectors;
  std::vector<T> constants;
  Packed(const Code &code, const Kernels<T> &kernels);
  void matrix(std::size_t i, const Code &code, const Kernels<T> &kernels, const std::vector<View> &weights);
  void vector(std::size_t i, const Code &code, const std::vector<View> &weights);
};

// alive[t]: rows that have a step t, the first ones of the tile; begin[t]: where they stand in a chunk's buffers.
struct Chunk {
  std::vector<Index> alive, begin;
  Index total = 0;
  Index steps(Index r) const {  // of row r in this chunk: alive falls from step to step
    Index count = Index(alive.size());
    while (count > 0 && alive[std::size_t(count - 1)] <= r) count--;
    return count;
  }
};

// An instruction with its addresses looked up: what is left to do at every step is to add where the step's rows begin.
template <class T> struct Ready {
  Op op;
  bool flat;           // all rows of all operands lie as those of dst: they are taken as one long row
  Elementwise<T> of;   // for rows beginning at 0
  Index step[4];       // of dst and the three operands: from one row of a chunk to the next; 0 outside of chunks
  const T *packed;     // of a product
  Index k;             // features that a product or a sum over features reads
};

template <class T> struct Place { T *data; Index stride; bool chunk; };

template <class T> class Workspace {
 public:
  Workspace(const Code &code, const Kernels<T> &kernels, const Packed<T> &packed, Index tile_rows, Index chunk_rows);
  static Index row_bytes(const Code &code);  // of all buffers that live for a chunk

  const Place<T> &place(int buffer) const { return places_[std::size_t(buffer)]; }
  const T *at(const Operand &o) const;  // of the first row
  // One pass over the instructions of a stage: `rows` rows, those of chunk buffers beginning at `begin`. In a loop the
  // states change after it, all at once.
  void execute(std::size_t stage, Index rows, Index begin) const;

 private:
  Index stride(const Operand &o) const;
  bool chunk(const Operand &o) const;
  Ready<T> ready(const Instruction &i) const;
  Ready<T> ready(const Update &u) const;

  const Code &code_;
  const Kernels<T> &kernels_;
  const Packed<T> &packed_;
  Block<T> memory_;
  std::vector<Place<T>> places_;
  std::vector<std::vector<Ready<T>>> stages_;
};

}  // namespace elman
