"""The most multiply-adds these processors can do in a second: `python -m benchmarks.peak`.

A loop of independent fused multiply-adds in registers, compiled for this very processor. Without a compiler: a
large matrix product of torch, which can be far below (on processors that its library was not written for).
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM = """
#include <stdio.h>
#include <time.h>
#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif
typedef float vector __attribute__((vector_size(BYTES)));
int main(void) {
    vector sums[12], scale, shift;  /* twelve chains: more than latency times throughput of two units */
    for (int lane = 0; lane < BYTES / 4; ++lane) { scale[lane] = 0.999f; shift[lane] = 0.001f; }
    for (int chain = 0; chain < 12; ++chain) sums[chain] = shift;
    double best = 0;
    for (int turn = 0; turn < 5; ++turn) {
        struct timespec begin, end;
        clock_gettime(CLOCK_MONOTONIC, &begin);
        const long count = 10000000;
        for (long k = 0; k < count; ++k) {
#pragma GCC unroll 12
            for (int chain = 0; chain < 12; ++chain) sums[chain] = sums[chain] * scale + shift;
        }
        clock_gettime(CLOCK_MONOTONIC, &end);
        double seconds = (end.tv_sec - begin.tv_sec) + 1e-9 * (end.tv_nsec - begin.tv_nsec);
        double rate = count * 12.0 * (BYTES / 4) / seconds;
        if (rate > best) best = rate;
    }
    for (int chain = 1; chain < 12; ++chain) sums[0] += sums[chain];
    printf("%.6g %g\\n", best, (double)sums[0][0]);  /* the sum is printed so that it has to be computed */
    return 0;
}
"""


def multiply_adds_per_second() -> tuple[float, str]:
    """Float32 multiply-adds a second on all processors of this process, and how that was found."""
    processors = sorted(os.sched_getaffinity(0))
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return by_product(), "a product of 2048 × 2048 matrices in torch"
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder, "peak.c"), Path(folder, "peak")
        source.write_text(PROGRAM)
        subprocess.run([compiler, "-O3", "-march=native", "-o", program, source], check=True)
        running = [
            subprocess.Popen(["taskset", "-c", str(number), program], stdout=subprocess.PIPE, text=True)
            for number in processors
        ]
        rates = [float(process.communicate()[0].split()[0]) for process in running]
    return sum(rates), "a loop of multiply-adds in registers"


def by_product() -> float:
    """The rate of a matrix product in torch."""
    import torch

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    a, b = torch.randn(2048, 2048), torch.randn(2048, 2048)
    times = []
    for _ in range(6):
        begin = time.perf_counter()
        torch.matmul(a, b)
        times.append(time.perf_counter() - begin)
    return 2048**3 / min(times)


if __name__ == "__main__":
    rate, how = multiply_adds_per_second()
    print(f"{2e-9 * rate:.0f} GFLOP/s ({how})", file=sys.stdout)
