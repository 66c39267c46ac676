#include <numeric>

#include "machine.hpp"
#include "workspace.hpp"

namespace elman {

template <class T> struct Stepper<T>::Parts {
  const Code code;
  const Kernels<T> &kernels;
  const Index batch;
  Packed<T> packed;
  Workspace<T> space;  // refers to the code and the packed weights above
  std::vector<Index> rows;

  Parts(const Code &c, const Kernels<T> &k, Index n)
      : code(c), kernels(k), batch(n), packed(code, k), space(code, k, packed, n, n), rows(std::size_t(n)) {
    std::iota(rows.begin(), rows.end(), Index(0));
  }
};

template <class T>
Stepper<T>::Stepper(const Code &code, const Kernels<T> &kernels, const std::vector<View> &weights, Index batch) {
  if (batch < 1) refuse("a stream has at least one row");
  if (code.adjoint || !code.previous.empty() || !code.rows.empty() || code.steps.size() != 1 ||
      code.outputs.size() != 1)
    refuse("only a step with one input and one output can be streamed");
  if (weights.size() != code.weights.size()) refuse("wrong number of weights");
  for (std::size_t i = 0; i < weights.size(); i++)
    if (weights[i].size[0] != code.weights[i].rows || weights[i].size[1] != code.weights[i].columns || !weights[i].data)
      refuse("a weight has another shape than was announced");
  parts = std::make_unique<Parts>(code, kernels, batch);
  for (std::size_t i = 0; i < code.matrices.size(); i++) parts->packed.matrix(i, parts->code, kernels, weights);
  for (std::size_t i = 0; i < code.vectors.size(); i++) parts->packed.vector(i, parts->code, weights);
}

template <class T> Stepper<T>::~Stepper() = default;

template <class T> void Stepper<T>::step(const T *x, T *y) {
  Parts &p = *parts;
  for (const Load &l : p.code.loads) {
    const auto &place = p.space.place(l.buffer);
    const Index width = p.code.steps[0];
    p.kernels.gather(x, width, 1, p.batch, width, place.data, place.stride, p.rows.data());
  }
  for (std::size_t i = 0; i < p.code.stages.size(); i++) p.space.execute(i, p.batch, 0);
  for (const Store &s : p.code.stores) {
    const auto &place = p.space.place(s.value.index);
    p.kernels.scatter(p.space.at(s.value), place.stride, p.rows.data(), p.batch, s.value.width, y + s.offset,
                      p.code.outputs[0], 1);
  }
}

template <class T> T *Stepper<T>::state(int index) {
  if (index < 0 || std::size_t(index) >= parts->code.states.size()) refuse("there is no such state");
  return parts->space.place(parts->code.states[std::size_t(index)].buffer).data;
}

template <class T> Index Stepper<T>::state_stride(int index) const {
  if (index < 0 || std::size_t(index) >= parts->code.states.size()) refuse("there is no such state");
  return parts->space.place(parts->code.states[std::size_t(index)].buffer).stride;
}

template class Stepper<float>;
template class Stepper<double>;

}  // namespace elman
