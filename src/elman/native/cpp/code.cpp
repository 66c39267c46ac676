#include "code.hpp"

#include <algorithm>

namespace elman {

namespace {

constexpr Index LARGEST = Index(1) << 24;  // of any width: products of two stay far from overflow

template <class V> int added(V &list) { return int(list.size()) - 1; }

template <class V> void check_index(const V &list, int index, const char *what) {
  if (index < 0 || std::size_t(index) >= list.size()) refuse(std::string("there is no such ") + what);
}

void check_width(Index width, const char *what) {
  if (width < 1 || width > LARGEST) refuse(std::string(what) + " has width " + std::to_string(width));
}

void check_block(Index from, Index to, Index size, const char *what) {
  if (from < 0 || from >= to || to > size) refuse(std::string(what) + " lies outside of its weight");
}

}  // namespace

int Code::add_buffer(Index width, int lifetime) {
  check_width(width, "a buffer");
  if (lifetime < 0 || lifetime > int(Lifetime::CARRY)) refuse("unknown lifetime of a buffer");
  buffers.push_back({width, Lifetime(lifetime)});
  return added(buffers);
}

int Code::add_constant(double value) { constants.push_back(value); return added(constants); }

int Code::add_weight(Index r, Index c, bool wanted) {
  check_width(r, "a weight");
  check_width(c, "a weight");
  weights.push_back({r, c, wanted});
  return added(weights);
}

int Code::add_matrix(int weight, Index r0, Index r1, Index c0, Index c1, bool transposed) {
  check_index(weights, weight, "weight");
  check_block(r0, r1, weights[std::size_t(weight)].rows, "a block of rows");
  check_block(c0, c1, weights[std::size_t(weight)].columns, "a block of columns");
  matrices.push_back({weight, r0, r1, c0, c1, transposed});
  return added(matrices);
}

int Code::add_vector(int weight, Index c0, Index c1) {
  check_index(weights, weight, "weight");
  if (weights[std::size_t(weight)].rows != 1) refuse("a matrix is used as a vector");
  check_block(c0, c1, weights[std::size_t(weight)].columns, "a block of a vector");
  vectors.push_back({weight, c0, c1});
  return added(vectors);
}

int Code::add_slot(int source, Index width) {
  check_width(width, "an input");
  if (source < 0 || source > int(Source::ROW)) refuse("unknown kind of input");
  auto &list = Source(source) == Source::STEP ? steps : Source(source) == Source::PREVIOUS ? previous : rows;
  list.push_back(width);
  return added(list);
}

int Code::add_output(Index width) {
  check_width(width, "an output");
  outputs.push_back(width);
  return added(outputs);
}

int Code::add_state(Index width, int buffer, bool resets) {
  check_index(buffers, buffer, "buffer");
  const Buffer &b = buffers[std::size_t(buffer)];
  if (b.lifetime != Lifetime::CARRY || b.width != width) refuse("a state needs a carried buffer of its width");
  states.push_back({width, buffer, resets});
  return added(states);
}

void Code::add_load(int source, int slot, int buffer) {
  if (source < 0 || source > int(Source::ROW)) refuse("unknown kind of input");
  const auto &list = Source(source) == Source::STEP ? steps : Source(source) == Source::PREVIOUS ? previous : rows;
  check_index(list, slot, "input");
  check_index(buffers, buffer, "buffer");
  const Buffer &b = buffers[std::size_t(buffer)];
  if (b.lifetime != Lifetime::CHUNK || b.width != list[std::size_t(slot)])
    refuse("an input is loaded into a chunk's buffer of its width");
  loads.push_back({Source(source), slot, buffer});
}

int Code::add_stage(bool loop, std::vector<int> looping) {
  for (int state : looping) check_index(states, state, "state");
  if (!loop && !looping.empty()) refuse("only a loop has states");
  stages.push_back({loop, {}, {}, std::move(looping)});
  return added(stages);
}

void Code::check(const Operand &o, bool in_loop) const {
  check_width(o.width, "an operand");
  switch (o.space) {
    case Space::NONE: refuse("an operand is missing");
    case Space::BUFFER:
      check_index(buffers, o.index, "buffer");
      if (!in_loop && buffers[std::size_t(o.index)].lifetime != Lifetime::CHUNK)
        refuse("only a loop may use what lives for one step");
      if (o.offset < 0 || o.offset + o.width > buffers[std::size_t(o.index)].width)
        refuse("an operand lies outside of its buffer");
      return;
    case Space::VECTOR:
      check_index(vectors, o.index, "vector");
      if (o.offset != 0 || o.width != vectors[std::size_t(o.index)].c1 - vectors[std::size_t(o.index)].c0)
        refuse("a vector is used with another width");
      return;
    case Space::CONSTANT:
      check_index(constants, o.index, "constant");
      if (o.offset != 0 || o.width != 1) refuse("a constant has width 1");
      return;
  }
  refuse("unknown kind of operand");
}

void Code::check_row_value(const Operand &o, Index width, bool in_loop, const char *what) const {
  check(o, in_loop);
  if (o.space != Space::BUFFER || o.width != width) refuse(std::string(what) + " needs rows of its own width");
}

void Code::add_instruction(int op, Index width, int dst, Index dst_offset, std::vector<Operand> from, int matrix) {
  if (stages.empty()) refuse("an instruction outside of any stage");
  const bool loop = stages.back().loop;
  if (op < 0 || op >= OPS) refuse("unknown operation");
  check(Operand{Space::BUFFER, dst, dst_offset, width}, loop);
  if (buffers[std::size_t(dst)].lifetime == Lifetime::CARRY) {
    const auto &own = stages.back().states;
    if (std::none_of(own.begin(), own.end(), [&](int s) { return states[std::size_t(s)].buffer == dst; }))
      refuse("a loop writes a state that is not its own");
  }
  Instruction i{Op(op), width, dst, dst_offset, {}, matrix};
  if (op == MATMUL) {
    if (from.empty() || from.size() > 2) refuse("a product takes rows and perhaps what they are added to");
    check_index(matrices, matrix, "matrix");
    const Matrix &m = matrices[std::size_t(matrix)];
    check_row_value(from[0], m.k(), loop, "a product");
    // written in whole vectors: only the buffer's own padding may lie behind it
    if (width != m.columns() || dst_offset != 0 || width != buffers[std::size_t(dst)].width)
      refuse("a product fills a whole buffer");
    if (from[0].index == dst) refuse("a product overwrites what it reads");
    if (from.size() == 2) {
      check(from[1], loop);
      if (from[1].space == Space::CONSTANT || from[1].width != width) refuse("a product is added to the same width");
    }
  } else if (op == SUM || op == MAX) {
    if (from.size() != 1 || width != 1) refuse("a sum over features takes rows and gives one number each");
    check_row_value(from[0], from[0].width, loop, "a sum over features");
  } else {
    if (int(from.size()) != arity(Op(op))) refuse("wrong number of operands");
    for (const Operand &o : from) {
      check(o, loop);
      if (o.width != width && o.width != 1) refuse("operands of unequal width");
    }
  }
  std::copy(from.begin(), from.end(), i.from);
  stages.back().instructions.push_back(i);
}

void Code::add_update(int state, Operand value) {
  if (stages.empty() || !stages.back().loop) refuse("only a loop changes a state");
  const auto &own = stages.back().states;
  if (std::find(own.begin(), own.end(), state) == own.end()) refuse("a loop changes a state that is not its own");
  check_row_value(value, states[std::size_t(state)].width, true, "a state");
  stages.back().updates.push_back({state, value});
}

void Code::add_store(int slot, Index offset, Operand value) {
  check_index(outputs, slot, "output");
  check(value, false);
  if (value.space != Space::BUFFER) refuse("only rows can be stored");
  if (offset < 0 || offset + value.width > outputs[std::size_t(slot)]) refuse("a store lies outside of its output");
  stores.push_back({slot, offset, value});
}

void Code::add_product(int weight, Index r0, Index r1, Index c0, Index c1, Operand left, Operand right) {
  check_index(weights, weight, "weight");
  const Weight &w = weights[std::size_t(weight)];
  if (!w.wanted) refuse("a gradient nobody wants");
  check_block(r0, r1, w.rows, "a block of rows");
  check_block(c0, c1, w.columns, "a block of columns");
  check_row_value(right, c1 - c0, false, "a gradient");
  if (left.space != Space::NONE) check_row_value(left, r1 - r0, false, "a gradient");
  else if (r1 - r0 != 1) refuse("the gradient of a matrix needs two factors");
  products.push_back({weight, r0, r1, c0, c1, left, right});
}

double Code::operations_per_row() const {
  double sum = 0;
  for (const Stage &stage : stages)
    for (const Instruction &i : stage.instructions)
      sum += double(i.width) * (i.op == MATMUL ? 2.0 * double(matrices[std::size_t(i.matrix)].k()) : 1.0);
  for (const Product &p : products)
    sum += double(p.c1 - p.c0) * (p.left.space == Space::NONE ? 1.0 : 2.0 * double(p.r1 - p.r0));
  return sum;
}

Index Code::weight_numbers() const {
  Index sum = 0;
  for (const Matrix &m : matrices) sum += m.k() * m.columns();
  return sum;
}

}  // namespace elman
