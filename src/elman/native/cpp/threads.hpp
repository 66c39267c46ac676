// Work shared between threads.
#pragma once
#include <functional>

#include "code.hpp"

namespace elman {

// Calls f(0) … f(count - 1) in any order on up to `workers` threads, this one among them. GNU OpenMP's are those that
// torch uses as well: others would have to share the processor with torch's, which spin for a while after each of its
// operations. `team` is the number that torch asks for, since a team of another size would be taken apart and made anew.
void parallel(int workers, int team, Index count, const std::function<void(Index, int)> &f);

}  // namespace elman
