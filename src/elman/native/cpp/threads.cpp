#include "threads.hpp"

#ifdef _OPENMP
#include <omp.h>
#include <pthread.h>
#endif

#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

namespace elman {

#ifdef _OPENMP
namespace {
// The threads of GNU OpenMP do not survive a fork: a child that waits for them waits for ever.
bool forked = false;
const int noticed = pthread_atfork(nullptr, nullptr, [] { forked = true; });
}  // namespace
#endif

void parallel(int workers, int team, Index count, const std::function<void(Index, int)> &f) {
  std::atomic<Index> next{0};
  const auto work = [&](int thread) {
    if (thread < workers)
      for (Index i; (i = next.fetch_add(1)) < count;) f(i, thread);
  };
  if (workers <= 1 || count <= 1) return work(0);
#ifdef _OPENMP
  if (!forked && noticed == 0) {
#pragma omp parallel num_threads(team)
    work(omp_get_thread_num());
    return;
  }
#endif
  std::vector<std::thread> others;
  for (int i = 1; i < workers && i < count && i < team; i++) {
    try {
      others.emplace_back(work, i);
    } catch (const std::system_error &) {  // the system has no thread left: this one does the work
      break;
    }
  }
  work(0);
  for (std::thread &t : others) t.join();
}

}  // namespace elman
