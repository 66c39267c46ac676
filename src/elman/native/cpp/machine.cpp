#include "machine.hpp"

#include <algorithm>
#include <numeric>

#include "threads.hpp"
#include "workspace.hpp"

namespace elman {

namespace {

constexpr Index TILE_ROWS = 16;              // most rows of a tile
constexpr Index CHUNK_BYTES = 256 << 10;     // of a chunk's buffers: they stay in the second-level cache
constexpr Index GRADIENT_BYTES = 32 << 20;   // of all partial sums of weight gradients
constexpr Index GROUPS = 16;                 // most partial sums
constexpr double THREAD_OPERATIONS = 4e6;    // work that is worth a thread: some 50 microseconds

template <class T> T *pointer(const View &v, Index i = 0, Index j = 0) {
  return reinterpret_cast<T *>(v.data) + i * v.stride[0] + j * v.stride[1];
}

}  // namespace

template <class T> class Run {
 public:
  Run(const Code &code, const Kernels<T> &kernels, const Batch &batch)
      : code_(code), kernels_(kernels), batch_(batch), packed_(code, kernels) {
    check(code, batch);
    sort_rows();
    make_tiles();
    threads_ = std::max(1, std::min({batch_.threads, int(groups_),
                                     1 + int(double(steps_) * code_.operations_per_row() / THREAD_OPERATIONS)}));
  }

  void operator()() {
    const Index matrices = Index(code_.matrices.size());
    parallel(code_.weight_numbers() > (1 << 18) ? threads_ : 1, batch_.threads, matrices,
             [&](Index i, int) { packed_.matrix(std::size_t(i), code_, kernels_, batch_.weights); });
    for (std::size_t i = 0; i < code_.vectors.size(); i++) packed_.vector(i, code_, batch_.weights);
    std::vector<std::unique_ptr<Workspace<T>>> spaces;
    for (int i = 0; i < threads_; i++)
      spaces.push_back(std::make_unique<Workspace<T>>(code_, kernels_, packed_, largest_tile_, chunk_rows_));
    std::vector<Sums> sums;
    for (Index g = 0; g < groups_; g++) sums.push_back(make_sums(g == 0));
    std::vector<Block<T>> scratch;
    for (int i = 0; i < threads_; i++) scratch.push_back(allocate<T>(chunk_rows_ * 2 * LINE / Index(sizeof(T))));

    parallel(threads_, batch_.threads, groups_, [&](Index g, int thread) {
      const Sums &sum = sums[std::size_t(g)];
      for (std::size_t i = 0; i < sum.of.size(); i++)
        if (sum.of[i]) std::memset(sum.of[i], 0, std::size_t(numbers(code_.weights[i])) * sizeof(T));
      for (std::size_t tile = std::size_t(g); tile + 1 < tiles_.size(); tile += std::size_t(groups_))
        run_tile(tiles_[tile], tiles_[tile + 1], *spaces[std::size_t(thread)], sum, scratch[std::size_t(thread)].get());
    });
    if (gradient_numbers_) reduce(sums);
  }

 private:
  struct TileState {
    Index first, rows;
    std::vector<std::vector<T>> cut;  // per state: gradients that a reset sent to the initial state (rows × width)
  };

  struct Sums {  // the gradients of weights, summed over the tiles of a group
    Block<T> memory;
    std::vector<T *> of;  // by weight; null where none is wanted
  };

  void sort_rows();
  void make_tiles();
  Sums make_sums(bool first) const;
  bool holds_vectors(std::size_t weight) const;
  void run_tile(Index first, Index end, Workspace<T> &space, const Sums &sum, T *scratch);
  void run_chunk(TileState &tile, Index t0, Index t1, Workspace<T> &space, Chunk &chunk, const Sums &sum, T *scratch);
  void loop(TileState &tile, std::size_t stage, Index t0, Workspace<T> &space, const Chunk &chunk);
  void load(const Load &load, const TileState &tile, Index t0, Workspace<T> &space, const Chunk &chunk);
  void store(const Store &store, const TileState &tile, Index t0, Workspace<T> &space, const Chunk &chunk);
  void accumulate(Workspace<T> &space, const Chunk &chunk, const Sums &sum, T *scratch);
  void restart(TileState &tile, const Stage &stage, Index t, Index alive, Workspace<T> &space);
  void begin_and_end(const TileState &tile, Workspace<T> &space, bool end);
  void clear_padding(const TileState &tile);
  void reduce(const std::vector<Sums> &sums);
  static Index numbers(const Weight &w) { return w.rows * w.columns; }

  Index row(Index sorted) const { return order_[std::size_t(sorted)]; }
  Index length(Index sorted) const { return *pointer<std::int64_t>(batch_.lengths, row(sorted)); }
  Index position(Index sorted, Index t) const { return batch_.reverse ? length(sorted) - 1 - t : t; }
  bool resets(Index sorted, Index t) const {
    return batch_.reset.data && *pointer<std::uint8_t>(batch_.reset, row(sorted), position(sorted, t));
  }

  const Code &code_;
  const Kernels<T> &kernels_;
  const Batch &batch_;
  Packed<T> packed_;
  std::vector<Index> order_, tiles_;
  Index steps_ = 0, groups_ = 1, chunk_rows_ = 1, largest_tile_ = 1, gradient_numbers_ = 0;
  int threads_ = 1;
};

// Long rows first, so that the rows that have a step t are always the first ones.
template <class T> void Run<T>::sort_rows() {
  order_.resize(std::size_t(batch_.n));
  std::iota(order_.begin(), order_.end(), Index(0));
  std::stable_sort(order_.begin(), order_.end(), [&](Index a, Index b) {
    return *pointer<std::int64_t>(batch_.lengths, a) > *pointer<std::int64_t>(batch_.lengths, b);
  });
  for (Index i = 0; i < batch_.n; i++) steps_ += length(i);
}

// Tiles, chunks and groups follow from sizes alone, never from the number of threads: so do all bits of the results.
template <class T> void Run<T>::make_tiles() {
  const Index n = batch_.n;
  Index tiles = (n + TILE_ROWS - 1) / TILE_ROWS;
  if (n >= 4) tiles = std::max<Index>(tiles, 2);
  if (tiles > 2) tiles = tiles > 4 ? (tiles + 3) / 4 * 4 : 4;  // as much for each of two or four threads
  tiles_.assign(1, 0);
  for (Index i = 1; i <= tiles; i++) {
    tiles_.push_back(n * i / tiles);
    largest_tile_ = std::max(largest_tile_, tiles_.back() - tiles_[tiles_.size() - 2]);
  }
  for (const Weight &w : code_.weights) gradient_numbers_ += w.wanted ? numbers(w) : 0;
  groups_ = std::max<Index>(tiles, 1);
  if (gradient_numbers_) {
    const Index fitting = GRADIENT_BYTES / (gradient_numbers_ * Index(sizeof(T)));
    groups_ = std::min(groups_, std::clamp<Index>(fitting, 2, GROUPS));
  }
  // Every chunk passes over all partial sums once: the larger they are, the longer a chunk must be.
  const Index least = gradient_numbers_ > (1 << 20) ? 256 : 128;
  const Index rows = std::clamp<Index>(CHUNK_BYTES / std::max<Index>(Workspace<T>::row_bytes(code_), 1), least, 512);
  const Index steps = std::max<Index>(std::min(rows / largest_tile_, batch_.time), 1);
  chunk_rows_ = steps * largest_tile_;
}

// The first group's sum stands in the result itself, where that has room for whole vectors.
template <class T> typename Run<T>::Sums Run<T>::make_sums(bool first) const {
  const Index behind = 2 * LINE / Index(sizeof(T));
  std::vector<T *> results(code_.weights.size());
  Index count = 0;
  for (std::size_t i = 0; i < results.size(); i++) {
    if (!code_.weights[i].wanted) continue;
    if (first && holds_vectors(i)) results[i] = pointer<T>(batch_.gradients[i], 0, 0);
    else count += numbers(code_.weights[i]) + behind;
  }
  Sums sums{count ? allocate<T>(count) : Block<T>(), results};
  T *next = sums.memory.get();
  for (std::size_t i = 0; i < results.size(); i++) {
    if (results[i] || !code_.weights[i].wanted) continue;
    sums.of[i] = next;
    next += numbers(code_.weights[i]) + behind;
  }
  return sums;
}

// Whether a weight's result lies like a sum, and no product writes vectors that reach past its own columns.
template <class T> bool Run<T>::holds_vectors(std::size_t weight) const {
  const Weight &w = code_.weights[weight];
  const View &v = batch_.gradients[weight];
  const Index line = LINE / Index(sizeof(T));
  if ((v.stride[1] != 1 && w.columns > 1) || (v.stride[0] != w.columns && w.rows > 1)) return false;
  for (const Product &p : code_.products)
    if (std::size_t(p.weight) == weight && (p.c1 - p.c0) % line) return false;
  return true;
}

template <class T> void Run<T>::run_tile(Index first, Index end, Workspace<T> &space, const Sums &sum, T *scratch) {
  TileState tile{first, end - first, {}};
  if (code_.adjoint && batch_.reset.data)
    for (const State &s : code_.states) tile.cut.emplace_back(std::size_t(tile.rows * s.width), T(0));
  begin_and_end(tile, space, false);
  const Index steps = length(first), size = chunk_rows_ / largest_tile_, chunks = (steps + size - 1) / size;
  Chunk chunk;
  for (Index i = 0; i < chunks; i++) {
    const Index c = code_.adjoint ? chunks - 1 - i : i;
    run_chunk(tile, c * size, std::min((c + 1) * size, steps), space, chunk, sum, scratch);
  }
  begin_and_end(tile, space, true);
  clear_padding(tile);
}

template <class T>
void Run<T>::run_chunk(TileState &tile, Index t0, Index t1, Workspace<T> &space, Chunk &chunk, const Sums &sum,
                       T *scratch) {
  chunk.alive.clear();
  chunk.begin.clear();
  chunk.total = 0;
  Index alive = tile.rows;
  for (Index t = t0; t < t1; t++) {
    while (alive > 0 && length(tile.first + alive - 1) <= t) alive--;
    chunk.begin.push_back(chunk.total);
    chunk.alive.push_back(alive);
    chunk.total += alive;
  }
  for (const Load &l : code_.loads) load(l, tile, t0, space, chunk);
  for (std::size_t i = 0; i < code_.stages.size(); i++)
    if (code_.stages[i].loop) loop(tile, i, t0, space, chunk);
    else space.execute(i, chunk.total, 0);
  accumulate(space, chunk, sum, scratch);
  for (const Store &s : code_.stores) store(s, tile, t0, space, chunk);
}

template <class T>
void Run<T>::loop(TileState &tile, std::size_t index, Index t0, Workspace<T> &space, const Chunk &chunk) {
  const Stage &stage = code_.stages[index];
  const Index steps = Index(chunk.alive.size());
  for (Index i = 0; i < steps; i++) {
    const Index s = code_.adjoint ? steps - 1 - i : i;
    const Index alive = chunk.alive[std::size_t(s)], begin = chunk.begin[std::size_t(s)];
    if (batch_.reset.data && !code_.adjoint) restart(tile, stage, t0 + s, alive, space);
    space.execute(index, alive, begin);
    if (batch_.reset.data && code_.adjoint) restart(tile, stage, t0 + s, alive, space);
  }
}

// Forward: before a step with a reset the row's state is the initial one. Adjoint: after that step what has come together
// belongs to the initial state, and the step before gets nothing.
template <class T>
void Run<T>::restart(TileState &tile, const Stage &stage, Index t, Index alive, Workspace<T> &space) {
  for (Index r = 0; r < alive; r++) {
    if (!resets(tile.first + r, t)) continue;
    for (int index : stage.states) {
      const State &s = code_.states[std::size_t(index)];
      if (!s.resets) continue;
      const auto &place = space.place(s.buffer);
      T *state = place.data + r * place.stride;
      const View &initial = batch_.states[std::size_t(index)];
      for (Index j = 0; j < s.width; j++) {
        if (code_.adjoint) {
          tile.cut[std::size_t(index)][std::size_t(r * s.width + j)] += state[j];
          state[j] = 0;
        } else {
          state[j] = *pointer<T>(initial, row(tile.first + r), j);
        }
      }
    }
  }
}

template <class T> void Run<T>::begin_and_end(const TileState &tile, Workspace<T> &space, bool end) {
  for (std::size_t i = 0; i < code_.states.size(); i++) {
    const State &s = code_.states[i];
    const auto &place = space.place(s.buffer);
    const View &view = end ? batch_.finals[i] : batch_.states[i];
    for (Index r = 0; r < tile.rows; r++)
      for (Index j = 0; j < s.width; j++) {
        T *memory = pointer<T>(view, row(tile.first + r), j);
        T &mine = place.data[r * place.stride + j];
        if (!end) mine = *memory;
        else *memory = tile.cut.empty() ? mine : mine + tile.cut[i][std::size_t(r * s.width + j)];
      }
  }
}

// Row by row, so that memory is read in the order in which it lies.
template <class T>
void Run<T>::load(const Load &l, const TileState &tile, Index t0, Workspace<T> &space, const Chunk &chunk) {
  const auto &place = space.place(l.buffer);
  const Index width = code_.buffers[std::size_t(l.buffer)].width;
  const std::size_t slot = std::size_t(l.slot);
  const Index *begin = chunk.begin.data();
  for (Index r = 0; r < chunk.alive[0]; r++) {
    const Index sorted = tile.first + r, count = chunk.steps(r);
    T *to = place.data + r * place.stride;
    const auto single = [&](const View &v, Index i) {
      kernels_.gather(pointer<T>(v, row(sorted)), 0, v.stride[1], 1, width, to, place.stride, begin + i);
    };
    if (l.source == Source::ROW) {
      for (Index i = 0; i < count; i++) single(batch_.rows[slot], i);
      continue;
    }
    const bool shifted = l.source == Source::PREVIOUS;
    const View &v = shifted ? batch_.previous[slot] : batch_.steps[slot];
    const Index first = shifted && t0 == 0 ? 1 : 0, stride = batch_.reverse ? -v.stride[1] : v.stride[1];
    if (count > first)
      kernels_.gather(pointer<T>(v, row(sorted), position(sorted, t0 + first - Index(shifted))), stride, v.stride[2],
                      count - first, width, to, place.stride, begin + first);
    if (shifted)
      for (Index i = 0; i < count; i++)
        if (t0 + i == 0 || resets(sorted, t0 + i)) single(batch_.initial_previous[slot], i);
  }
}

template <class T>
void Run<T>::store(const Store &st, const TileState &tile, Index t0, Workspace<T> &space, const Chunk &chunk) {
  const View &v = batch_.outputs[std::size_t(st.slot)];
  const Index from_stride = space.place(st.value.index).stride, stride = batch_.reverse ? -v.stride[1] : v.stride[1];
  for (Index r = 0; r < chunk.alive[0]; r++) {
    const Index sorted = tile.first + r;
    T *to = pointer<T>(v, row(sorted), position(sorted, t0)) + st.offset * v.stride[2];
    kernels_.scatter(space.at(st.value) + r * from_stride, from_stride, chunk.begin.data(), chunk.steps(r),
                     st.value.width, to, stride, v.stride[2]);
  }
}

template <class T> void Run<T>::accumulate(Workspace<T> &space, const Chunk &chunk, const Sums &sum, T *scratch) {
  for (const Product &p : code_.products) {
    const Weight &w = code_.weights[std::size_t(p.weight)];
    T *to = sum.of[std::size_t(p.weight)];
    if (!to) continue;
    to += p.r0 * w.columns + p.c0;
    const T *right = space.at(p.right);
    const Index right_stride = space.place(p.right.index).stride, columns = p.c1 - p.c0;
    if (p.left.space == Space::NONE)
      kernels_.total(right, right_stride, columns, chunk.total, to);
    else
      kernels_.outer(space.at(p.left), space.place(p.left.index).stride, p.r1 - p.r0, right, right_stride, columns,
                     chunk.total, to, w.columns, scratch);
  }
}

template <class T> void Run<T>::clear_padding(const TileState &tile) {
  for (std::size_t i = 0; i < batch_.outputs.size(); i++) {
    const View &v = batch_.outputs[i];
    for (Index r = tile.first; r < tile.first + tile.rows; r++)
      for (Index t = length(r); t < batch_.time; t++)
        for (Index j = 0; j < v.size[2]; j++) pointer<T>(v, row(r), t)[j * v.stride[2]] = T(0);
  }
}

template <class T> void Run<T>::reduce(const std::vector<Sums> &sums) {
  for (std::size_t i = 0; i < code_.weights.size(); i++) {
    const Weight &w = code_.weights[i];
    if (!w.wanted) continue;
    const View &to = batch_.gradients[i];
    parallel(w.rows * w.columns > (1 << 18) ? threads_ : 1, batch_.threads, w.rows, [&](Index r, int) {
      for (Index c = 0; c < w.columns; c++) {
        T total = 0;
        for (const Sums &sum : sums) total += sum.of[i][r * w.columns + c];
        *pointer<T>(to, r, c) = total;
      }
    });
  }
}

template <class T> void run(const Code &code, const Kernels<T> &kernels, const Batch &batch) {
  Run<T>(code, kernels, batch)();
}
template void run<float>(const Code &, const Kernels<float> &, const Batch &);
template void run<double>(const Code &, const Kernels<double> &, const Batch &);

}  // namespace elman
