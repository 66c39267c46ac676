// The tile machine's code: buffers, instructions and what is moved between them and memory. Everything is checked when it
// is added, so that a run need not check anything but the tensors it is given.
#pragma once
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels.hpp"

namespace elman {

enum class Space : int { NONE, BUFFER, VECTOR, CONSTANT };
// CHUNK: a row for each batch row and time step of a chunk. STEP: a row for each batch row, new at every step.
// CARRY: a row for each batch row, kept from step to step: a state.
enum class Lifetime : int { CHUNK, STEP, CARRY };

struct Buffer { Index width; Lifetime lifetime; };
struct Operand { Space space = Space::NONE; int index = 0; Index offset = 0; Index width = 0; };
struct Weight { Index rows, columns; bool wanted; };  // a vector has one row; wanted: its gradient is
struct Matrix { int weight; Index r0, r1, c0, c1; bool transposed;
  Index k() const { return transposed ? c1 - c0 : r1 - r0; }
  Index columns() const { return transposed ? r1 - r0 : c1 - c0; } };
struct VectorBlock { int weight; Index c0, c1; };
struct Instruction { Op op; Index width; int dst; Index dst_offset; Operand from[3]; int matrix; };
struct Update { int state; Operand value; };
struct Stage { bool loop; std::vector<Instruction> instructions; std::vector<Update> updates; std::vector<int> states; };
enum class Source : int { STEP, PREVIOUS, ROW };
struct Load { Source source; int slot; int buffer; };
struct Store { int slot; Index offset; Operand value; };
struct Product { int weight; Index r0, r1, c0, c1; Operand left, right; };  // left.space NONE: the sum of right
struct State { Index width; int buffer; bool resets; };

class Code {
 public:
  std::vector<Buffer> buffers;
  std::vector<double> constants;
  std::vector<Weight> weights;
  std::vector<Matrix> matrices;
  std::vector<VectorBlock> vectors;
  std::vector<Index> steps, previous, rows, outputs;  // widths
  std::vector<State> states;
  std::vector<Load> loads;
  std::vector<Stage> stages;
  std::vector<Store> stores;
  std::vector<Product> products;
  bool adjoint;

  explicit Code(bool is_adjoint) : adjoint(is_adjoint) {}

  int add_buffer(Index width, int lifetime);
  int add_constant(double value);
  int add_weight(Index rows, Index columns, bool wanted);
  int add_matrix(int weight, Index r0, Index r1, Index c0, Index c1, bool transposed);
  int add_vector(int weight, Index c0, Index c1);
  int add_slot(int source, Index width);  // of a step, previous or row input
  int add_output(Index width);
  int add_state(Index width, int buffer, bool resets);
  void add_load(int source, int slot, int buffer);
  int add_stage(bool loop, std::vector<int> states);
  void add_instruction(int op, Index width, int dst, Index dst_offset, std::vector<Operand> from, int matrix);
  void add_update(int state, Operand value);
  void add_store(int slot, Index offset, Operand value);
  void add_product(int weight, Index r0, Index r1, Index c0, Index c1, Operand left, Operand right);

  double operations_per_row() const;  // multiply-adds twice, everything else once
  Index weight_numbers() const;

 private:
  void check(const Operand &operand, bool in_loop) const;
  void check_row_value(const Operand &operand, Index width, bool in_loop, const char *what) const;
};

[[noreturn]] inline void refuse(const std::string &what) { throw std::invalid_argument("tile machine: " + what); }

}  // namespace elman
