// Elementary functions without branches, so that a loop over them becomes vector instructions. Included by kernels.cpp
// only. Largest errors measured, in units of the last place (float32 over all of its range, float64 at random numbers):
// log 0.8, 0.9; log1p 1.4, 1.3; sin and cos 2.4, 2.4; erf 2.5, 1.6; expm1 2.2, 2.2; softplus 1.5 (float64).
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
  static constexpr Bits ROOT_HALF = 0x3f3504f3u;   // √½, where log cuts its octaves
  static constexpr float NORMAL = 1.17549435e-38f, RAISE = 16777216.0f;  // smallest normal number; 2^24
  static constexpr int RAISED = 24;
  static constexpr int LOG_TERMS = 4;   // of the series of log on [√½, √2]: the rest is below 2e-9
  // π/2 in parts of 12 bits: their products with whole numbers up to 4096 are exact.
  static constexpr float QUARTER[4] = {0x1.92p+0f, 0x1.fb4p-12f, 0x1.444p-24f, 0x1.68c234p-39f};
  static constexpr float FURTHEST = 6000;  // for sin and cos
  static constexpr int SIN_TERMS = 4, COS_TERMS = 5;  // of their series on |r| ≤ π/4: the rest is below 3e-9
  // erf(x) / x = P(x²) for |x| ≤ 1 and e^(x²) erfc(x) = Q(1 / (x + 2) - 1/4) for 1 ≤ x ≤ ERF_ONE, from where erf is 1: both
  // are least-squares fits with weights moved to where the error is largest: 1.2e-9 (relative) and 3.6e-11 (of erf).
  static constexpr float ERF_ONE = 4;
  static constexpr int ERF_TERMS = 7, ERFC_TERMS = 6;
  static constexpr float ERF[ERF_TERMS] = {
      1.1283791e+00f, -3.7612626e-01f, 1.12835854e-01f, -2.6853811e-02f, 5.188326e-03f, -8.010177e-04f,
      7.853806e-05f};
  static constexpr float ERFC[ERFC_TERMS] = {
      2.5539568e-01f, 1.7087435e+00f, 3.8665164e+00f, 5.0551615e+00f, 9.548197e-01f, -7.38568e+00f};
};
template <> struct Number<double> {
  using Bits = std::uint64_t;
  static constexpr int MANTISSA = 52;
  static constexpr Bits ONE = 0x3ff0000000000000ull;
  static constexpr double MAGIC = 6755399441055744.0;
  static constexpr double LN2_HIGH = 6.93145751953125e-1, LN2_LOW = 1.42860682030941723212e-6;
  static constexpr double EXP_LOW = -707.0, EXP_HIGH = 709.782712893384;
  static constexpr int TERMS = 14;
  static constexpr Bits ROOT_HALF = 0x3fe6a09e667f3bcdull;
  static constexpr double NORMAL = 2.2250738585072014e-308, RAISE = 18014398509481984.0;
  static constexpr int RAISED = 54;
  static constexpr int LOG_TERMS = 9;  // the rest is below 3e-17
  // parts of 33 bits
  static constexpr double QUARTER[4] = {0x1.921fb544p+0, 0x1.0b4611a6p-34, 0x1.3198a2ep-69, 0x1.b839a252049c1p-104};
  static constexpr double FURTHEST = 1e6;
  static constexpr int SIN_TERMS = 8, COS_TERMS = 8;  // the rest is below 3e-18
  static constexpr double ERF_ONE = 6;  // errors 7.3e-18 and 2.5e-17
  static constexpr int ERF_TERMS = 12, ERFC_TERMS = 12;
  static constexpr double ERF[ERF_TERMS] = {
      1.1283791670955126, -0.3761263890318352, 0.11283791670944184, -0.026866170643111205, 0.005223977606116405,
      -0.0008548325929219129, 0.00012055293574155257, -1.4924712251189503e-05, 1.644713096634516e-06,
      -1.6206309283483475e-07, 1.3710961677119554e-08, -7.77943464846921e-10};
  static constexpr double ERFC[ERFC_TERMS] = {
      0.2553956763105071, 1.7087433896557718, 3.866531107856802, 5.054629186349022, 0.9556204810984855,
      -7.16540368343005, -3.46986589486228, 16.0900017953639, 2.820935906937188, -45.63592997006251,
      34.35125927486864, 49.98968958006458};
};

constexpr double FACTORIAL[18] = {1, 1, 2, 6, 24, 120, 720, 5040, 40320, 362880, 3628800, 39916800, 479001600,
                                  6227020800.0, 87178291200.0, 1307674368000.0, 20922789888000.0, 355687428096000.0};

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

ELMAN_INLINE float sqrt_(float x) { return __builtin_sqrtf(x); }
ELMAN_INLINE double sqrt_(double x) { return __builtin_sqrt(x); }
ELMAN_INLINE float fabs_(float x) { return __builtin_fabsf(x); }
ELMAN_INLINE double fabs_(double x) { return __builtin_fabs(x); }

// e^x = 2 · 2^(k-1) · (1 + p) with x = k ln 2 + r and p = e^r - 1, for EXP_LOW ≤ x ≤ EXP_HIGH.
template <class T> struct Reduced { T half, p; };

template <class T> ELMAN_INLINE Reduced<T> reduced_exp(T x) {
  using N = Number<T>;
  const T shifted = x * T(1.44269504088896340736) + N::MAGIC;
  const T k = shifted - N::MAGIC;
  const T r = (x - k * N::LN2_HIGH) - k * N::LN2_LOW;
  T p = static_cast<T>(1 / FACTORIAL[N::TERMS]);
  ELMAN_UNROLL
  for (int i = N::TERMS - 1; i >= 1; i--) p = p * r + static_cast<T>(1 / FACTORIAL[i]);
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
  y = x < Number<T>::EXP_LOW ? T(-1) : x == 0 ? x : y;  // -0 stays
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

// log(2^k · (1 + f)) for 1 + f in [√½, √2], with the series of the area tangent in s = f / (2 + f):
// log(1 + f) = 2 s + 2/3 s³ + 2/5 s⁵ + … = f - f²/2 + s (f²/2 + 2/3 s² + 2/5 s⁴ + …).
template <class T> ELMAN_INLINE T log_of(T k, T f) {
  using N = Number<T>;
  const T s = f / (T(2) + f), z = s * s, half = T(0.5) * f * f;
  T p = T(2.0 / (2 * N::LOG_TERMS + 1));
  ELMAN_UNROLL
  for (int i = N::LOG_TERMS - 1; i >= 1; i--) p = p * z + static_cast<T>(2.0 / (2 * i + 1));
  return k * N::LN2_HIGH - ((half - (s * (half + p * z) + k * N::LN2_LOW)) - f);
}

// x = 2^k · m with m in [√½, √2], for normal x > 0. The exponent becomes a number by standing in the low bits of MAGIC.
template <class T> struct Octave { T k, m; };

template <class T> ELMAN_INLINE Octave<T> octave(T x) {
  using N = Number<T>;
  constexpr T BIAS = static_cast<T>(N::ONE >> N::MANTISSA);
  const typename N::Bits e = (bits(x) - N::ROOT_HALF + N::ONE) >> N::MANTISSA;
  return {from_bits<T>(bits(N::MAGIC) + e) - (N::MAGIC + BIAS), from_bits<T>(bits(x) - (e << N::MANTISSA) + N::ONE)};
}

template <class T> ELMAN_INLINE T log_(T x) {
  using N = Number<T>;
  const bool tiny = x < N::NORMAL;
  const Octave<T> o = octave(tiny ? x * N::RAISE : x);
  T y = log_of(tiny ? o.k - T(N::RAISED) : o.k, o.m - T(1));
  y = x > 0 ? y : x == 0 ? -T(__builtin_inf()) : T(__builtin_nan(""));
  return x == T(__builtin_inf()) ? x : y;
}

// log(1 + x) = log(u + c) for x > -1 with u = 1 + x rounded and c what the rounding took away; both scaled.
template <class T> ELMAN_INLINE T log1p_of(T x) {
  using N = Number<T>;
  const T u = T(1) + x, c = x > 1 ? T(1) - (u - x) : x - (u - T(1));
  const Octave<T> o = octave(u);
  const T k = o.k > 100 ? T(100) : o.k;  // c is nothing beside such a u
  const T scale = from_bits<T>(N::ONE - (bits(k + N::MAGIC) << N::MANTISSA));
  return log_of(o.k, (o.m - T(1)) + c * scale);
}

template <class T> ELMAN_INLINE T log1p_(T x) {
  const T y = x > -1 ? log1p_of(x) : x == -1 ? -T(__builtin_inf()) : T(__builtin_nan(""));
  return x == 0 || x == T(__builtin_inf()) ? x : y;
}

// sin(x + turns · π/2) for |x| ≤ FURTHEST: the series of sine or cosine at r = x - k π/2.
template <class T> ELMAN_INLINE T circular(T x, typename Number<T>::Bits turns) {
  using N = Number<T>;
  const T shifted = x * T(0.63661977236758134308) + N::MAGIC;
  const T k = shifted - N::MAGIC;
  T r = x;
  ELMAN_UNROLL
  for (int i = 0; i < 4; i++) r -= k * N::QUARTER[i];
  const T z = r * r;
  T sine = 0, cosine = 0;
  ELMAN_UNROLL
  for (int i = N::SIN_TERMS; i >= 1; i--) sine = sine * z + static_cast<T>((i % 2 ? -1 : 1) / FACTORIAL[2 * i + 1]);
  ELMAN_UNROLL
  for (int i = N::COS_TERMS; i >= 1; i--) cosine = cosine * z + static_cast<T>((i % 2 ? -1 : 1) / FACTORIAL[2 * i]);
  const typename N::Bits quadrant = bits(shifted) + turns;
  const T y = quadrant & 1 ? T(1) + z * cosine : r + r * z * sine;
  return from_bits<T>(bits(y) ^ ((quadrant & 2) << (8 * sizeof(T) - 2)));
}
template <class T> ELMAN_INLINE T sin_(T x) { return x == 0 ? x : circular<T>(x, 0); }
template <class T> ELMAN_INLINE T cos_(T x) { return circular<T>(x, 1); }

template <class T> ELMAN_INLINE T erf_(T x) {
  using N = Number<T>;
  const T size = fabs_(x) > N::ERF_ONE ? N::ERF_ONE : fabs_(x), z = size * size;
  const T u = T(1) / (size + T(2)) - T(0.25);
  T inner = N::ERF[N::ERF_TERMS - 1], outer = N::ERFC[N::ERFC_TERMS - 1];
  ELMAN_UNROLL
  for (int i = N::ERF_TERMS - 2; i >= 0; i--) inner = inner * z + N::ERF[i];
  ELMAN_UNROLL
  for (int i = N::ERFC_TERMS - 2; i >= 0; i--) outer = outer * u + N::ERFC[i];
  const Reduced<T> e = reduced_exp(-z);
  const T far = T(1) - (e.half * e.p + e.half) * 2 * outer;
  return size <= 1 ? x * inner : x < 0 ? -far : x != x ? x : far;
}

template <class T> ELMAN_INLINE T softplus_(T x) {
  const Reduced<T> e = reduced_exp(within(x, Number<T>::EXP_LOW, T(20)));
  const T y = log1p_of((e.half * e.p + e.half) * 2);
  return x > 20 ? x : y;
}

// Rare, or far away: the C library's, one number at a time.
#define ELMAN_LIBRARY(name)                                                   \
  ELMAN_INLINE float library_##name(float x) { return __builtin_##name##f(x); } \
  ELMAN_INLINE double library_##name(double x) { return __builtin_##name(x); }
ELMAN_LIBRARY(sin) ELMAN_LIBRARY(cos)
#undef ELMAN_LIBRARY
ELMAN_INLINE float pow_(float x, float y) { return __builtin_powf(x, y); }
ELMAN_INLINE double pow_(double x, double y) { return __builtin_pow(x, y); }

}  // namespace elman::ELMAN_ISA
