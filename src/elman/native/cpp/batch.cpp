// A batch looked at before any of its memory is touched.
#include "machine.hpp"

namespace elman {

namespace {

void check_view(const View &v, Index a, Index b, Index c, const char *what) {
  if (v.size[0] != a || v.size[1] != b || v.size[2] != c)
    refuse(std::string(what) + " has another shape than was announced");
  if (v.data == 0 && a * b * c != 0) refuse(std::string(what) + " has no memory");
}

void check_count(std::size_t given, std::size_t expected, const char *what) {
  if (given != expected) refuse(std::string("wrong number of ") + what);
}

}  // namespace

void check(const Code &code, const Batch &b) {
  if (b.n < 0 || b.time < 0) refuse("a negative number of rows or steps");
  check_count(b.weights.size(), code.weights.size(), "weights");
  check_count(b.gradients.size(), code.weights.size(), "gradients");
  check_count(b.steps.size(), code.steps.size(), "inputs per step");
  check_count(b.previous.size(), code.previous.size(), "previous states");
  check_count(b.initial_previous.size(), code.previous.size(), "initial states");
  check_count(b.rows.size(), code.rows.size(), "inputs per row");
  check_count(b.states.size(), code.states.size(), "states");
  check_count(b.finals.size(), code.states.size(), "final states");
  check_count(b.outputs.size(), code.outputs.size(), "outputs");
  for (std::size_t i = 0; i < b.weights.size(); i++) {
    check_view(b.weights[i], code.weights[i].rows, code.weights[i].columns, 1, "a weight");
    if (code.weights[i].wanted)
      check_view(b.gradients[i], code.weights[i].rows, code.weights[i].columns, 1, "a gradient");
  }
  for (std::size_t i = 0; i < b.steps.size(); i++) check_view(b.steps[i], b.n, b.time, code.steps[i], "an input");
  for (std::size_t i = 0; i < b.previous.size(); i++) {
    check_view(b.previous[i], b.n, b.time, code.previous[i], "a sequence of states");
    check_view(b.initial_previous[i], b.n, code.previous[i], 1, "an initial state");
  }
  for (std::size_t i = 0; i < b.rows.size(); i++) check_view(b.rows[i], b.n, code.rows[i], 1, "an input per row");
  for (std::size_t i = 0; i < b.states.size(); i++) {
    check_view(b.states[i], b.n, code.states[i].width, 1, "a state");
    check_view(b.finals[i], b.n, code.states[i].width, 1, "a final state");
  }
  for (std::size_t i = 0; i < b.outputs.size(); i++)
    check_view(b.outputs[i], b.n, b.time, code.outputs[i], "an output");
  check_view(b.lengths, b.n, 1, 1, "lengths");
  if (b.reset.data) check_view(b.reset, b.n, b.time, 1, "reset");
  for (Index i = 0; i < b.n; i++) {
    const Index length = reinterpret_cast<const std::int64_t *>(b.lengths.data)[i * b.lengths.stride[0]];
    if (length < 0 || length > b.time)
      refuse("lengths[" + std::to_string(i) + "] is " + std::to_string(length) + ", not 0 to " +
             std::to_string(b.time));
  }
}

}  // namespace elman
