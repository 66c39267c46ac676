// Running a code over a whole batch of sequences, or one step at a time.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "code.hpp"

namespace elman {

// A tensor somewhere in memory: up to three dimensions, strides in elements.
struct View {
  std::uintptr_t data = 0;
  Index size[3] = {1, 1, 1};
  Index stride[3] = {0, 0, 0};
};

struct Batch {
  Index n = 0, time = 0;
  bool reverse = false;
  int threads = 1;
  std::vector<View> weights, steps, previous, initial_previous, rows, states, finals, outputs, gradients;
  View lengths;                // int64 (n)
  View reset;                  // one byte each (n, time), or data == 0
};

// Throws where sizes, counts or lengths do not fit the code: nothing of the batch's memory but lengths is read.
void check(const Code &code, const Batch &batch);

template <class T> void run(const Code &code, const Kernels<T> &kernels, const Batch &batch);

// One time step for a fixed batch, with weights packed once and states that stay: no memory is taken after construction.
template <class T> class Stepper {
 public:
  Stepper(const Code &code, const Kernels<T> &kernels, const std::vector<View> &weights, Index batch);
  ~Stepper();
  Stepper(const Stepper &) = delete;
  Stepper &operator=(const Stepper &) = delete;
  void step(const T *x, T *y);                              // (batch, d), (batch, o), both contiguous
  T *state(int index);                                      // (batch, width) with row stride:
  Index state_stride(int index) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts;
};

}  // namespace elman
