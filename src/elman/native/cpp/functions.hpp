// Elementary functions without branches, so that a loop over them becomes vector instructions. Included by kernels.cpp only.
#pragma once
#include <cstdint>

namespace elman::ELMAN_ISA {

template <class T> struct Number;
template <> struct Number<float> {
  using Bits = std::uint32_t;
  static constexpr int MANTISSA = 23;
  static constexpr Bits ONE = 0x3f800000u;
  static constexpr float MAGIC = 12582912.0f;  // 1.5 · 2^23: adding it rounds to a whole number in the low bits
  static constexpr float LN2_HIGH = 0.693359375f, LN2_LOW = -2.12194440e-4f;
  static constexpr float EXP_LOW = -86.5f, EXP_HIGH = 88.722839f;
  static constexpr int TERMS = 7;  // of the series of exp on |r| ≤ ln 2 / 2: the rest is below 6e-9
};
template <> struct Number<double> {
  using Bits = std::uint64_t;
  static constexpr int MANTISSA = 52;
  static constexpr Bits ONE = 0x3ff0000000000000ull;
  static constexpr double MAGIC = 6755399441055744.0;
  static constexpr double LN2_HIGH = 6.93145751953125e-1, LN2_LOW = 1.42860682030941723212e-6;
  static constexpr double EXP_LOW = -707.0, EXP_HIGH = 709.782712893384;
  static constexpr int TERMS = 14;
};

template <class T> ELMAN_INLINE typename Number<T>::Bits bits(T x) {
  typename Number<T>::Bits b;
  __builtin_memcpy(&b, &x, sizeof b);
  return b;
}
template <class T> ELMAN_INLINE T from_bits(typename Number<T>::Bits b) {
  T x;
  __builtin_memcpy(&x, &b, sizeof x);
  return x;
}

// e^x = 2 · 2^(k-1) · (1 + p) with x = k ln 2 + r and p = e^r - 1, for EXP_LOW ≤ x ≤ EXP_HIGH.
template <class T> struct Reduced { T half, p; };

template <class T> ELMAN_INLINE Reduced<T> reduced_exp(T x) {
  using N = Number<T>;
  const T shifted = x * T(1.44269504088896340736) + N::MAGIC;
  const T k = shifted - N::MAGIC;
  const T r = (x - k * N::LN2_HIGH) - k * N::LN2_LOW;
  constexpr double factorial[15] = {1,      1,       2,        6,         24,         120,          720,         5040,
                                    40320,  362880,  3628800,  39916800,  479001600,  6227020800.0, 87178291200.0};
  T p = static_cast<T>(1 / factorial[N::TERMS]);
  ELMAN_UNROLL
  for (int i = N::TERMS - 1; i >= 1; i--) p = p * r + static_cast<T>(1 / factorial[i]);
  const T half = from_bits<T>(((bits(shifted) - 1) << N::MANTISSA) + N::ONE);
  return {half, p * r};
}

// NaN stays NaN: every comparison with it is false.
template <class T> ELMAN_INLINE T within(T x, T low, T high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

template <class T> ELMAN_INLINE T exp_(T x) {
  const Reduced<T> e = reduced_exp(within(x, Number<T>::EXP_LOW, Number<T>::EXP_HIGH));
  T y = (e.half * e.p + e.half) * 2;
  y = x < Number<T>::EXP_LOW ? T(0) : y;  // below: no denormal results
  return x > Number<T>::EXP_HIGH ? T(__builtin_inf()) : y;
}

template <class T> ELMAN_INLINE T expm1_(T x) {
  const Reduced<T> e = reduced_exp(within(x, Number<T>::EXP_LOW, Number<T>::EXP_HIGH));
  T y = (e.half * e.p + (e.half - T(0.5))) * 2;
  y = x < Number<T>::EXP_LOW ? T(-1) : y;
  return x > Number<T>::EXP_HIGH ? T(__builtin_inf()) : y;
}

// Below EXP_LOW it stays at some 1e-38 (float): no denormal numbers.
template <class T> ELMAN_INLINE T sigmoid_(T x) {
  const Reduced<T> e = reduced_exp(within(-x, Number<T>::EXP_LOW, -Number<T>::EXP_LOW));
  return T(1) / ((e.half * e.p + e.half) * 2 + T(1));
}

ELMAN_INLINE double tanh_(double x) {
  double y = x > 20 ? 20 : x;
  y = y < -20 ? -20 : y;
  const double e = expm1_(2 * y);
  return e / (e + 2);
}

// A quotient of polynomials of degree 13 and 6: relative error at most 3e-7, half the time of the one above.
ELMAN_INLINE float tanh_(float x) {
  float y = x > 7.90531110763549805f ? 7.90531110763549805f : x;
  y = y < -7.90531110763549805f ? -7.90531110763549805f : y;
  const float z = y * y;
  float p = -2.76076847742355e-16f;
  p = p * z + 2.00018790482477e-13f;
  p = p * z - 8.60467152213735e-11f;
  p = p * z + 5.12229709037114e-08f;
  p = p * z + 1.48572235717979e-05f;
  p = p * z + 6.37261928875436e-04f;
  p = p * z + 4.89352455891786e-03f;
  float q = 1.19825839466702e-06f;
  q = q * z + 1.18534705686654e-04f;
  q = q * z + 2.26843463243900e-03f;
  q = q * z + 4.89352518554385e-03f;
  return y * p / q;
}

// Rare ones: the C library's, one number at a time.
#define ELMAN_LIBRARY(name)                                      \
  ELMAN_INLINE float name##_(float x) { return __builtin_##name##f(x); } \
  ELMAN_INLINE double name##_(double x) { return __builtin_##name(x); }
ELMAN_LIBRARY(log) ELMAN_LIBRARY(log1p) ELMAN_LIBRARY(sqrt) ELMAN_LIBRARY(sin) ELMAN_LIBRARY(cos) ELMAN_LIBRARY(erf)
ELMAN_LIBRARY(fabs)
#undef ELMAN_LIBRARY
ELMAN_INLINE float pow_(float x, float y) { return __builtin_powf(x, y); }
ELMAN_INLINE double pow_(double x, double y) { return __builtin_pow(x, y); }
template <class T> ELMAN_INLINE T softplus_(T x) { return x > 20 ? x : log1p_(exp_(x)); }

}  // namespace elman::ELMAN_ISA
