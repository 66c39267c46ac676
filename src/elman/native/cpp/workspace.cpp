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
  for (const Stage &stage : code.stages) {
    stages_.emplace_back();
    for (const Instruction &i : stage.instructions) stages_.back().push_back(ready(i));
    for (const Update &u : stage.updates)
      if (at(u.value) != place(code.states[std::size_t(u.state)].buffer).data)  // else computed in place
        stages_.back().push_back(ready(u));
  }
}

template <class T> const T *Workspace<T>::at(const Operand &o) const {
  const std::size_t i = std::size_t(o.index);
  switch (o.space) {
    case Space::BUFFER: return places_[i].data + o.offset;
    case Space::VECTOR: return packed_.vectors[i].get();
    case Space::CONSTANT: return packed_.constants.data() + i;
    case Space::NONE: break;
  }
  return nullptr;
}

template <class T> Index Workspace<T>::stride(const Operand &o) const {
  return o.space == Space::BUFFER ? places_[std::size_t(o.index)].stride : 0;
}

template <class T> bool Workspace<T>::chunk(const Operand &o) const {
  return o.space == Space::BUFFER && places_[std::size_t(o.index)].chunk;
}

template <class T> Ready<T> Workspace<T>::ready(const Instruction &i) const {
  const Place<T> &to = place(i.dst);
  Ready<T> r{i.op, i.op < ELEMENTWISE_OPS, {to.data + i.dst_offset, to.stride, {}, {}, {}, 0, i.width}, {}, nullptr, 0};
  r.step[0] = to.chunk ? to.stride : 0;
  r.flat = r.flat && i.dst_offset == 0 && i.width == code_.buffers[std::size_t(i.dst)].width && i.width > 1;
  for (int a = 0; a < 3; a++) {
    const Operand &o = i.from[a];
    r.of.from[a] = at(o);
    r.of.stride[a] = stride(o);
    r.of.repeated[a] = o.width == 1 && i.width != 1;
    r.step[a + 1] = chunk(o) ? stride(o) : 0;
    r.flat = r.flat && (o.space == Space::NONE || o.space == Space::CONSTANT ||
                        (o.space == Space::BUFFER && o.offset == 0 && o.width == i.width && stride(o) == to.stride));
    if (o.space == Space::NONE && i.op < ELEMENTWISE_OPS) r.of.from[a] = r.of.dst;  // read, but of no effect
  }
  r.k = i.from[0].width;
  if (i.op == MATMUL) r.packed = packed_.matrices[std::size_t(i.matrix)].get();
  return r;
}

template <class T> Ready<T> Workspace<T>::ready(const Update &u) const {
  const State &state = code_.states[std::size_t(u.state)];
  return ready(Instruction{COPY, state.width, state.buffer, 0, {u.value, {}, {}}, -1});
}

template <class T> void Workspace<T>::execute(std::size_t stage, Index rows, Index begin) const {
  for (const Ready<T> &r : stages_[stage]) {
    T *dst = r.of.dst + begin * r.step[0];
    const T *a = r.of.from[0] + begin * r.step[1];
    if (r.op == MATMUL) {
      const T *init = r.of.from[1] ? r.of.from[1] + begin * r.step[2] : nullptr;
      kernels_.matmul(a, r.of.stride[0], rows, r.k, r.packed, r.of.width, init, r.of.stride[1], dst, r.of.dst_stride);
    } else if (r.op < ELEMENTWISE_OPS) {
      Elementwise<T> e = r.of;
      e.dst = dst;
      e.from[0] = a;
      e.from[1] += begin * r.step[2];
      e.from[2] += begin * r.step[3];
      e.rows = r.flat ? 1 : rows;
      if (r.flat) e.width = rows * e.dst_stride;
      kernels_.elementwise[r.op](e);
    } else {
      (r.op == SUM ? kernels_.sum : kernels_.max)(a, r.of.stride[0], rows, r.k, dst, r.of.dst_stride);
    }
  }
}

template struct Packed<float>;
template struct Packed<double>;
template class Workspace<float>;
template class Workspace<double>;

}  // namespace elman
