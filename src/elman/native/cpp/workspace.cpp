#include "workspace.hpp"

namespace elman {

template <class T> Packed<T>::Packed(const Code &code, const Kernels<T> &kernels) {
  for (const Matrix &m : code.matrices) matrices.push_back(allocate<T>(kernels.packed_size(m.k(), m.columns())));
  for (const VectorBlock &v : code.vectors) vectors.push_back(allocate<T>(row_stride<T>(v.c1 - v.c0)));
  for (double c : code.constants) constants.push_back(T(c));
}

template <class T>
void Packed<T>::matrix(std::size_t i, const Code &code, const Kernels<T> &kernels, const std::vector<View> &weights) {
  const Matrix &m = code.matrices[i];
  const View &w = weights[std::size_t(m.weight)];
  const T *from = reinterpret_cast<const T *>(w.data) + m.r0 * w.stride[0] + m.c0 * w.stride[1];
  const Index row = m.transposed ? w.stride[1] : w.stride[0], column = m.transposed ? w.stride[0] : w.stride[1];
  kernels.pack(from, row, column, m.k(), m.columns(), matrices[i].get());
}

template <class T> void Packed<T>::vector(std::size_t i, const Code &code, const std::vector<View> &weights) {
  const VectorBlock &v = code.vectors[i];
  const View &w = weights[std::size_t(v.weight)];
  const T *from = reinterpret_cast<const T *>(w.data);
  const Index width = v.c1 - v.c0, padded = row_stride<T>(width);
  T *to = vectors[i].get();
  for (Index j = 0; j < padded; j++) to[j] = j < width ? from[(v.c0 + j) * w.stride[1]] : T(0);
}

template <class T> Index Workspace<T>::row_bytes(const Code &code) {
  Index bytes = 0;
  for (const Buffer &b : code.buffers)
    if (b.lifetime == Lifetime::CHUNK) bytes += row_stride<T>(b.width) * Index(sizeof(T));
  return bytes;
}

template <class T>
Workspace<T>::Workspace(const Code &code, const Kernels<T> &kernels, const Packed<T> &packed, Index tile_rows,
                        Index chunk_rows)
    : code_(code), kernels_(kernels), packed_(packed) {
  const Index line = LINE / Index(sizeof(T));
  Index count = 0;
  std::vector<Index> offsets;
  for (const Buffer &b : code.buffers) {
    offsets.push_back(count);
    // a line behind each: products read and write whole vectors
    count += (b.lifetime == Lifetime::CHUNK ? chunk_rows : tile_rows) * row_stride<T>(b.width) + line;
  }
  memory_ = allocate<T>(count);
  std::memset(memory_.get(), 0, std::size_t(count) * sizeof(T));  // no stray NaN or denormal in the padding of rows
  for (std::size_t i = 0; i < code.buffers.size(); i++) {
    const Buffer &b = code.buffers[i];
    places_.push_back({memory_.get() + offsets[i], row_stride<T>(b.width), b.lifetime == Lifetime::CHUNK});
  }
}

template <class T> const T *Workspace<T>::at(const Operand &o, Index begin) const {
  const std::size_t i = std::size_t(o.index);
  switch (o.space) {
    case Space::BUFFER: return places_[i].data + (places_[i].chunk ? begin * places_[i].stride : 0) + o.offset;
    case Space::VECTOR: return packed_.vectors[i].get();
    case Space::CONSTANT: return packed_.constants.data() + i;
    case Space::NONE: break;
  }
  return nullptr;
}

template <class T> Index Workspace<T>::stride(const Operand &o) const {
  return o.space == Space::BUFFER ? places_[std::size_t(o.index)].stride : 0;
}

template <class T> void Workspace<T>::product(const Instruction &i, Index rows, Index begin) {
  const Matrix &m = code_.matrices[std::size_t(i.matrix)];
  const Place &to = place(i.dst);
  kernels_.matmul(at(i.from[0], begin), stride(i.from[0]), rows, m.k(), packed_.matrices[std::size_t(i.matrix)].get(),
                  m.columns(), at(i.from[1], begin), stride(i.from[1]), to.data + (to.chunk ? begin * to.stride : 0),
                  to.stride);
}

template <class T> void Workspace<T>::elementwise(const Instruction &i, Index rows, Index begin) {
  const Place &to = place(i.dst);
  Elementwise<T> e{to.data + (to.chunk ? begin * to.stride : 0) + i.dst_offset, to.stride, {}, {}, {}, rows, i.width};
  const T *any = e.dst;
  bool flat = i.dst_offset == 0 && i.width == code_.buffers[std::size_t(i.dst)].width && i.width > 1;
  for (int a = 0; a < 3; a++) {
    const Operand &o = i.from[a];
    const T *from = at(o, begin);
    e.from[a] = from ? from : any;
    e.stride[a] = stride(o);
    e.repeated[a] = o.width == 1 && i.width != 1;
    // a number for all rows, or rows that lie as those of dst: then all rows are one long row
    flat = flat && (o.space == Space::NONE || o.space == Space::CONSTANT ||
                    (o.space == Space::BUFFER && o.offset == 0 && o.width == i.width && e.stride[a] == to.stride));
  }
  if (flat) {
    e.width = rows * to.stride;
    e.rows = 1;
  }
  kernels_.elementwise[i.op](e);
}

template <class T> void Workspace<T>::execute(const Stage &stage, Index rows, Index begin) {
  for (const Instruction &i : stage.instructions) {
    if (i.op < ELEMENTWISE_OPS) {
      elementwise(i, rows, begin);
    } else if (i.op == MATMUL) {
      product(i, rows, begin);
    } else {
      const Place &to = place(i.dst);
      (i.op == SUM ? kernels_.sum : kernels_.max)(at(i.from[0], begin), stride(i.from[0]), rows, i.from[0].width,
                                                  to.data + (to.chunk ? begin * to.stride : 0) + i.dst_offset,
                                                  to.stride);
    }
  }
}

template <class T> void Workspace<T>::update(const Stage &stage, Index rows, Index begin) {
  for (const Update &u : stage.updates) {
    const State &state = code_.states[std::size_t(u.state)];
    const Place &to = place(state.buffer);
    const T *from = at(u.value, begin);
    if (from == to.data) continue;  // computed in place
    const bool flat = u.value.offset == 0 && stride(u.value) == to.stride;
    Elementwise<T> e{to.data, to.stride, {from, from, from}, {stride(u.value), 0, 0}, {false, true, true}, rows,
                     state.width};
    if (flat) {
      e.width = rows * to.stride;
      e.rows = 1;
    }
    kernels_.elementwise[COPY](e);
  }
}

template struct Packed<float>;
template struct Packed<double>;
template class Workspace<float>;
template class Workspace<double>;

}  // namespace elman
