// The Python module elman.native._machine: codes, runs and steppers over raw memory.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <tuple>

#include "machine.hpp"

namespace nb = nanobind;

namespace elman {
namespace {

using PyView = std::tuple<std::uintptr_t, std::vector<Index>, std::vector<Index>>;
using PyOperand = std::tuple<int, int, Index, Index>;  // space, index, offset, width

struct Tables { const Kernels<float> *f32; const Kernels<double> *f64; };

Tables tables(const std::string &name) {
#ifdef ELMAN_X86
  if (name == "avx512" && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
    return {&avx512::kernels32(), &avx512::kernels64()};
  if (name == "avx2" && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {&avx2::kernels32(), &avx2::kernels64()};
#endif
  if (name == "portable") return {&portable::kernels32(), &portable::kernels64()};
  return {nullptr, nullptr};
}

const std::vector<std::string> NAMES{"avx512", "avx2", "portable"};

// Chosen once, at import: the first that this processor has, or the one named by ELMAN_INSTRUCTION_SET.
Tables choose() {
  const char *wanted = std::getenv("ELMAN_INSTRUCTION_SET");
  if (wanted && *wanted) {
    const Tables t = tables(wanted);
    if (!t.f32)
      throw nb::import_error((std::string("ELMAN_INSTRUCTION_SET is '") + wanted +
                              "', which this build or processor does not have").c_str());
    return t;
  }
  for (const std::string &name : NAMES)
    if (const Tables t = tables(name); t.f32) return t;
  return {nullptr, nullptr};
}

Tables CHOSEN;

template <class T> const Kernels<T> &chosen();
template <> const Kernels<float> &chosen<float>() { return *CHOSEN.f32; }
template <> const Kernels<double> &chosen<double>() { return *CHOSEN.f64; }

View view(const PyView &v) {
  const auto &[data, size, stride] = v;
  if (size.size() > 3 || size.size() != stride.size()) refuse("a view has up to three dimensions");
  View out;
  out.data = data;
  for (std::size_t i = 0; i < size.size(); i++) {
    if (size[i] < 0) refuse("a view of negative size");
    out.size[i] = size[i];
    out.stride[i] = stride[i];
  }
  return out;
}

std::vector<View> views(const std::vector<PyView> &list) {
  std::vector<View> out;
  for (const PyView &v : list) out.push_back(view(v));
  return out;
}

Operand operand(const PyOperand &o) {
  const auto &[space, index, offset, width] = o;
  if (space < 0 || space > int(Space::CONSTANT)) refuse("unknown kind of operand");
  return {Space(space), index, offset, width};
}

template <class T>
void run_batch(const Code &code, Index n, Index time, bool reverse, int threads, const std::vector<PyView> &weights,
               const std::vector<PyView> &steps, const std::vector<PyView> &previous,
               const std::vector<PyView> &initial_previous, const std::vector<PyView> &rows,
               const std::vector<PyView> &states, const std::vector<PyView> &finals,
               const std::vector<PyView> &outputs, const std::vector<PyView> &gradients, const PyView &lengths,
               const std::optional<PyView> &reset) {
  Batch b;
  b.n = n;
  b.time = time;
  b.reverse = reverse;
  b.threads = threads;
  b.weights = views(weights);
  b.steps = views(steps);
  b.previous = views(previous);
  b.initial_previous = views(initial_previous);
  b.rows = views(rows);
  b.states = views(states);
  b.finals = views(finals);
  b.outputs = views(outputs);
  b.gradients = views(gradients);
  b.lengths = view(lengths);
  if (reset) b.reset = view(*reset);
  nb::gil_scoped_release release;
  run<T>(code, chosen<T>(), b);
}

template <class T> void bind_stepper(nb::module_ &m, const char *name) {
  nb::class_<Stepper<T>>(m, name, "One time step for a fixed batch, with weights packed once.")
      .def("__init__", [](Stepper<T> *self, const Code &code, const std::vector<PyView> &weights, Index batch) {
        new (self) Stepper<T>(code, chosen<T>(), views(weights), batch);
      })
      .def("step", [](Stepper<T> &self, std::uintptr_t x, std::uintptr_t y) {
        self.step(reinterpret_cast<const T *>(x), reinterpret_cast<T *>(y));
      })
      .def("state", [](Stepper<T> &self, int index) {
        return std::tuple(reinterpret_cast<std::uintptr_t>(self.state(index)), self.state_stride(index));
      });
}

}  // namespace

NB_MODULE(_machine, m) {
  nb::set_leak_warnings(false);  // a stream that is still there when Python ends is no leak
  CHOSEN = choose();
  m.attr("INSTRUCTION_SET") = CHOSEN.f32->name;
  nb::list operations;
#define ELMAN_NAME_OF(name) operations.append(#name);
  ELMAN_OPERATIONS(ELMAN_NAME_OF)
#undef ELMAN_NAME_OF
  m.attr("OPERATIONS") = operations;
  m.def("instruction_sets", [] {
    std::vector<std::string> found;
    for (const std::string &name : NAMES)
      if (tables(name).f32) found.push_back(name);
    return found;
  });
  nb::class_<Code>(m, "Code", "A checked code of the tile machine.")
      .def(nb::init<bool>(), nb::arg("adjoint"))
      .def("add_buffer", &Code::add_buffer)
      .def("add_constant", &Code::add_constant)
      .def("add_weight", &Code::add_weight)
      .def("add_matrix", &Code::add_matrix)
      .def("add_vector", &Code::add_vector)
      .def("add_slot", &Code::add_slot)
      .def("add_output", &Code::add_output)
      .def("add_state", &Code::add_state)
      .def("add_load", &Code::add_load)
      .def("add_stage", &Code::add_stage)
      .def("add_instruction", [](Code &c, int op, Index width, int dst, Index offset,
                                 const std::vector<PyOperand> &from, int matrix) {
        std::vector<Operand> operands;
        for (const PyOperand &o : from) operands.push_back(operand(o));
        c.add_instruction(op, width, dst, offset, operands, matrix);
      })
      .def("add_update", [](Code &c, int state, const PyOperand &o) { c.add_update(state, operand(o)); })
      .def("add_store", [](Code &c, int slot, Index offset, const PyOperand &o) { c.add_store(slot, offset, operand(o)); })
      .def("add_product", [](Code &c, int weight, Index r0, Index r1, Index c0, Index c1,
                             const std::optional<PyOperand> &left, const PyOperand &right) {
        c.add_product(weight, r0, r1, c0, c1, left ? operand(*left) : Operand{}, operand(right));
      })
      .def("run32", &run_batch<float>)
      .def("run64", &run_batch<double>);
  bind_stepper<float>(m, "Stepper32");
  bind_stepper<double>(m, "Stepper64");
}

}  // namespace elman
