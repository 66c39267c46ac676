"""The networks of a forecaster: by hand in NumPy, what they may not see, and what missing values may not do."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest
import torch

import elman
from elman.data.series.scaling import fit_scale
from elman.data.series.table import SeriesTable
from elman.errors import ArgumentError, ConfigError
from elman.tasks.forecast.covariates import Covariates
from elman.tasks.forecast.hybrid import Dilated, Hybrid, Smoothing, dilations_of, first_cycle
from elman.tasks.forecast.material import Batch, Material, window_scale
from elman.tasks.forecast.network import Network, Segment, Sizes, last_cycle
from elman.tasks.forecast.networks import NETWORKS, make_network
from elman.tasks.forecast.options import OUTPUTS, ForecastModelOptions
from elman.tasks.forecast.outputs import levels_of, make_output, mean_of

CONTEXT, HORIZON, SEASON = 9, 5, 4


KINDS = [(name, output) for name in NETWORKS for output in OUTPUTS if name != "output_feedback" or output == "point"]


def table() -> SeriesTable:
    random = np.random.default_rng(0)
    series = [random.uniform(1, 9, size=length) for length in (30, 7, 16)]
    series[0][20] = series[1][0] = np.nan
    return SeriesTable.from_arrays(series, season=SEASON)


def material(options: ForecastModelOptions, given: SeriesTable | None = None) -> Material:
    given = given or table()
    scale = fit_scale(given.values, given.starts, options.scaling, options.log)
    numbers = {name: i for i, name in enumerate(given.names, 1)}
    return Material.of(given, scale, Covariates.fit(given, True), numbers, options)


def network(options: ForecastModelOptions) -> Network:
    torch.manual_seed(1)
    made = make_network(Sizes(CONTEXT, HORIZON, SEASON, 2, series=3), options).double().eval()
    for weight in made.parameters():
        torch.nn.init.normal_(weight, std=0.4)
    return made


def doubled(batch: Batch) -> Batch:
    values = {f.name: getattr(batch, f.name) for f in fields(Batch)}
    return Batch(**{name: v.double() if v.is_floating_point() else v for name, v in values.items()})


def cut(options: ForecastModelOptions, given: SeriesTable | None = None) -> Batch:
    return doubled(material(options, given).batch(np.array([0, 1, 2, 0]), np.array([22, 2, 11, 28]), CONTEXT, HORIZON))


def test_batches_are_the_series_around_the_origin() -> None:
    options = ForecastModelOptions(window="none")
    batch, given = cut(options), table()
    for row, (i, origin) in enumerate([(0, 22), (1, 2), (2, 11), (0, 28)]):
        own = np.concatenate([np.full(CONTEXT, np.nan), given.of(i), np.full(HORIZON, np.nan)])
        past, future = own[origin : origin + CONTEXT], own[origin + CONTEXT : origin + CONTEXT + HORIZON]
        np.testing.assert_allclose(batch.past[row], np.nan_to_num(past), rtol=1e-6)  # float32
        np.testing.assert_allclose(batch.target[row], np.nan_to_num(future), rtol=1e-6)
        assert batch.seen[row].tolist() == np.isfinite(past).tolist()
        assert batch.real[row].tolist() == np.isfinite(future).tolist()
    assert batch.series.tolist() == [1, 2, 3, 1]


def test_scales_of_windows_by_hand() -> None:
    past = np.array([[0.0, 2.0, 6.0, 0.0], [0.0, 0.0, 0.0, 0.0], [3.0, 3.0, 3.0, 3.0]])
    seen = np.array([[0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]])
    expected = {
        "none": ([0, 0, 0], [1, 1, 1]),
        "mean": ([0, 0, 0], [4, 1, 3]),
        "standard": ([4, 0, 3], [2, 1, 3]),  # a constant context has the scale of its level
        "last": ([6, 0, 3], [1, 1, 1]),
    }
    for kind, (shift, size) in expected.items():
        found = window_scale(past, seen, kind)
        assert found[0][:, 0].tolist() == shift
        assert found[1][:, 0].tolist() == size


@pytest.mark.parametrize(("name", "output"), KINDS)
def test_the_future_is_not_seen(name: str, output: str) -> None:
    options = ForecastModelOptions(network=name, output=output, hidden=6, identity=3)
    made, batch = network(options), cut(options)
    other = replace(batch, target=torch.rand_like(batch.target), real=1 - batch.real)
    with torch.no_grad():
        assert torch.equal(made.points(batch), made.points(other))
        torch.manual_seed(0)
        samples = made.samples(batch, 3)
        assert samples.shape == (4, HORIZON, 3)
        assert torch.isfinite(samples).all()
        quantiles = made.quantiles(batch, [0.1, 0.5, 0.9])
        assert quantiles.shape == (4, HORIZON, 3)
        assert (quantiles.diff(dim=-1) >= 0).all()


@pytest.mark.parametrize("name", NETWORKS)
def test_each_step_of_an_output_is_about_what_comes_after_what_it_saw(name: str) -> None:
    """In training an autoregressive output reads the values before its own, and no other."""
    options = ForecastModelOptions(network=name, hidden=6)
    made, batch = network(options), cut(options)
    for field, first in (("target", CONTEXT), ("past", 0)):
        values = getattr(batch, field).clone().requires_grad_()
        raw, _, real = made(replace(batch, **{field: values}))
        for t in range(raw.shape[1]):
            (slope,) = torch.autograd.grad(raw[..., t, 0].sum(), values, retain_graph=True, allow_unused=True)
            if slope is None:
                continue
            about = t + 1 if raw.shape[1] > HORIZON else CONTEXT + t  # the step that the output is about
            seen = slope.abs().sum(0).nonzero().flatten() + first
            assert (seen < about).all()
        assert real.shape == raw.shape[:2]


@pytest.mark.parametrize(("name", "output"), KINDS)
def test_missing_values_are_masked_in_the_loss(name: str, output: str) -> None:
    options = ForecastModelOptions(network=name, output=output, hidden=6)
    made, batch = network(options), cut(options)
    hidden = replace(batch, real=batch.real * torch.tensor([[1.0, 0, 1, 0, 1]]).double())
    losses = []
    for filler in (0.0, 3.0):
        filled = replace(hidden, target=torch.where(hidden.real > 0, batch.target, filler))
        raw, target, real = made(filled)
        if name in ("autoregressive", "output_feedback"):  # there they are inputs, too: Material makes them 0
            filled = replace(hidden, target=torch.where(hidden.real > 0, batch.target, 0))
            raw, _, real = made(filled)
        losses.append(made.output.loss(raw, filled, target, real).item())
    assert losses[0] == losses[1]


@pytest.mark.parametrize("name", NETWORKS)
def test_missing_values_of_the_file_never_reach_a_network(name: str) -> None:
    """A series with NaN gives the same as one with anything else there, under the mask."""
    options = ForecastModelOptions(network=name, hidden=6)
    made, whole = network(options), material(options)
    other = table()
    missing = np.isnan(other.values)
    other.values[missing] = 5.0
    poisoned = material(options, other)
    poisoned.values[missing] = 0
    poisoned.seen[missing] = 0
    rows = np.array([0, 1]), np.array([22, 2])
    with torch.no_grad():
        one, two = (made.points(doubled(m.batch(*rows, CONTEXT, HORIZON))) for m in (whole, poisoned))
    assert torch.isfinite(one).all()
    assert torch.equal(one, two)


def test_free_running_and_teacher_forcing_agree_on_their_own_forecast() -> None:
    options = ForecastModelOptions(network="autoregressive", hidden=6)
    made, batch = network(options), cut(options)
    with torch.no_grad():
        points = made.points(batch)
        raw, _, _ = made(replace(batch, target=points, real=torch.ones_like(points)))
    full = batch.seen.all(1)
    assert full.sum() == 1
    # The same operations in another grouping, in float64.
    torch.testing.assert_close(raw[full, CONTEXT - 1 :, 0], points[full], rtol=1e-10, atol=1e-10)


def test_the_direct_network_transcribed() -> None:
    """The equations of its docstring in NumPy, for an Elman cell, one row by itself."""
    options = ForecastModelOptions(cell="elman", hidden=8, identity=2, output="normal", anchor="season")
    made, batch = network(options), cut(options)
    weights = {name: value.detach().numpy() for name, value in made.state_dict().items()}
    U, W, b = (next(v for k, v in weights.items() if k.startswith("recurrent") and k[-2:] == f".{n}") for n in "UWb")
    for row in range(4):
        z, s = batch.past[row].numpy(), batch.seen[row].numpy()
        identity = weights["identity.weight"][int(batch.series[row])]
        h = np.zeros(8)
        for t in range(CONTEXT):
            h = np.tanh(np.concatenate([[z[t], s[t]], identity]) @ U + h @ W + b)
        contexts = np.concatenate([h, identity]) @ weights["spread.V"] + weights["spread.c"]
        local = np.maximum(contexts.reshape(HORIZON, -1) @ weights["local.V"] + weights["local.c"], 0)
        raw = local @ weights["readout.V"] + weights["readout.c"]
        newest = z[np.flatnonzero(s)[-1]] if s.any() else 0.0
        for j in range(HORIZON):
            at = CONTEXT - SEASON + j % SEASON
            raw[j, 0] += z[at] if s[at] else newest
        with torch.no_grad():
            np.testing.assert_allclose(made.ahead(batch)[row].numpy(), raw, rtol=1e-10, atol=1e-12)


def test_a_segment_network_is_a_gru_over_segments() -> None:
    options = ForecastModelOptions(network="segment", cell="gru", hidden=6, anchor="none")
    made, batch = network(options), cut(options)
    own = made.state_dict()
    steps = torch.stack([batch.past, batch.seen], -1)[:, 1:]  # 9 = 1 + 4 · 2: the newest whole segments
    embedded = torch.relu(steps.reshape(4, 4, 4) @ own["embed.V"] + own["embed.c"])
    with torch.no_grad():
        assert isinstance(made, Segment)
        _, state = made.recurrent(embedded)
        expected = []
        for j in range(3):
            y, _ = made.recurrent(own["position"][j].expand(4, 1, -1), state=state)
            expected.append((y @ own["readout.V"] + own["readout.c"])[:, 0])
        found = made.ahead(batch)[..., 0]
    torch.testing.assert_close(found, torch.cat(expected, 1)[:, :HORIZON], rtol=1e-12, atol=1e-12)


def test_last_cycle() -> None:
    past, seen = torch.tensor([[1.0, 2, 0, 4], [7, 0, 0, 0], [0, 0, 0, 0]]), torch.ones(3, 4)
    seen[0, 2] = 0
    seen[1, 1:] = 0
    seen[2] = 0
    assert last_cycle(past, seen, 3).tolist() == [[2, 4, 4], [7, 7, 7], [0, 0, 0]]


def one_row(size: float = 2.0) -> Batch:
    n1 = torch.full((1, 1), size)
    empty = torch.zeros(1, 1, 0)
    return Batch(n1, n1, empty, empty, empty, torch.zeros(1, 0), torch.zeros(1).long(), n1 * 0, n1, n1, n1)


def test_losses_are_those_of_the_distributions() -> None:
    raw = torch.tensor([[[0.3, 0.7, -0.2]]])
    target, real = torch.tensor([[1.5]]), torch.ones(1, 1)

    def softplus(x: float) -> float:
        return math.log1p(math.exp(x)) + 1e-4

    sigma = softplus(0.7)
    normal = make_output(ForecastModelOptions(output="normal")).loss(raw, one_row(), target, real).item()
    assert normal == pytest.approx(math.log(sigma) + 0.5 * math.log(2 * math.pi) + 0.5 * (1.2 / sigma) ** 2, rel=1e-5)
    v = 2 + softplus(-0.2)
    log_density = math.lgamma((v + 1) / 2) - math.lgamma(v / 2) - 0.5 * math.log(v * math.pi) - math.log(sigma)
    log_density -= (v + 1) / 2 * math.log1p((1.2 / sigma) ** 2 / v)
    student = make_output(ForecastModelOptions(output="student_t")).loss(raw, one_row(), target, real).item()
    assert student == pytest.approx(-log_density, rel=1e-5)
    # Negative binomial of the count 3 (1.5 of the window's units of 2) with mean μ and variance μ + a μ²
    mu, a = 2 * softplus(0.3), softplus(0.7)
    r = 1 / a
    log_p = math.lgamma(3 + r) - math.lgamma(r) - math.lgamma(4) + r * math.log(r / (r + mu))
    log_p += 3 * math.log(mu / (r + mu))
    counts = make_output(ForecastModelOptions(output="negative_binomial")).loss(raw, one_row(), target, real).item()
    assert counts == pytest.approx(-log_p, rel=1e-5)
    quantiles = make_output(ForecastModelOptions(output="quantiles")).loss(raw, one_row(), target, real).item()
    assert quantiles == pytest.approx((0.1 * 1.2 + 0.5 * 0.8 + 0.9 * 1.7) / 3, rel=1e-6)


def test_the_loss_smape_is_the_score_of_the_values_themselves() -> None:
    options = ForecastModelOptions(output="point", loss="smape", log=True)
    raw, target = torch.tensor([[[0.3]]]), torch.tensor([[1.5]])
    y, said = math.exp(2 * 1.5), math.exp(2 * 0.3)  # the window has the size 2
    loss = make_output(options).loss(raw, one_row(), target, torch.ones(1, 1)).item()
    assert loss == pytest.approx(2 * abs(y - said) / (y + said), rel=1e-6)
    for wrong in (replace(options, log=False), replace(options, scaling="standard")):
        with pytest.raises(ConfigError, match="log: true and scaling: none"):
            make_output(wrong)


def test_samples_have_the_moments_of_their_distribution() -> None:
    torch.manual_seed(0)
    raw = torch.tensor([[[0.3, 0.7, 3.0]]]).expand(1, 40_000, 3)
    wide = replace(one_row(), target=torch.zeros(1, 40_000))
    sigma = math.log1p(math.exp(0.7))
    drawn = make_output(ForecastModelOptions(output="normal")).sample(raw, wide)
    assert drawn.mean().item() == pytest.approx(0.3, abs=5 * sigma / 200)  # five standard errors
    assert drawn.std().item() == pytest.approx(sigma, rel=0.02)
    counts = make_output(ForecastModelOptions(output="negative_binomial")).sample(raw, wide) * 2
    mu = 2 * math.log1p(math.exp(0.3))
    assert (counts == counts.round()).all()
    deviation = math.sqrt(mu + sigma * mu**2)
    assert counts.mean().item() == pytest.approx(mu, abs=5 * deviation / 200)


def test_normal_quantiles_and_those_between_levels() -> None:
    raw = torch.tensor([[[1.0, 0.5, 0.0]]])
    normal = make_output(ForecastModelOptions(output="normal")).quantiles(raw, one_row(), [0.5, 0.975])
    assert normal is not None
    sigma = math.log1p(math.exp(0.5)) + 1e-4
    np.testing.assert_allclose(normal[0, 0], [1, 1 + 1.959964 * sigma], rtol=1e-5)
    learned = make_output(ForecastModelOptions(output="quantiles"))
    between = learned.quantiles(raw, one_row(), [0.05, 0.3, 0.5, 0.7])
    assert between is not None
    np.testing.assert_allclose(between[0, 0], [0, 0.25, 0.5, 0.75], rtol=1e-6)  # 0, 0.5 and 1 in order
    assert learned.point(raw, one_row()).item() == 0.5


def test_what_does_not_go_together() -> None:
    with pytest.raises(ConfigError, match="negative_binomial"):
        make_output(ForecastModelOptions(output="negative_binomial", log=True))
    for text in ("0.5, 0.5", "0, 0.5", "half", ""):
        with pytest.raises(ConfigError, match="levels is"):
            levels_of(text)
    assert mean_of(torch.tensor([[1.0, float("nan")]]), torch.tensor([[1.0, 0.0]])).item() == 1.0
    assert mean_of(torch.ones(1, 2), torch.zeros(1, 2)).item() == 0.0


def test_smoothing_and_its_beginning_transcribed() -> None:
    random = np.random.default_rng(2)
    for m in (1, 3):
        z, seen = random.normal(size=(2, 10)), np.ones((2, 10))
        seen[0, [0, 1, 6]] = 0
        z *= seen
        alpha, gamma = np.array([0.3, 0.8]), np.array([0.2, 0.6])
        level, season = first_cycle(torch.from_numpy(z), torch.from_numpy(seen), m)
        layer = elman.Recurrent(Smoothing(m))
        inputs = {"alpha": torch.from_numpy(alpha[:, None]), "gamma": torch.from_numpy(gamma[:, None])}
        x = torch.from_numpy(np.stack([z, seen], -1))
        y, state = layer(x, state={"level": level, "index": season}, inputs=inputs)
        for row, begin in enumerate((2, 0)):
            cycle = [z[row, begin + k] for k in range(m)]
            own = sum(cycle) / m
            index = {(begin + k) % m: cycle[k] - own if m > 1 else 0.0 for k in range(m)}
            for t in range(10):
                s = index[t % m]
                if seen[row, t]:
                    own = alpha[row] * (z[row, t] - s) + (1 - alpha[row]) * own
                    index[t % m] = gamma[row] * (z[row, t] - own) + (1 - gamma[row]) * s if m > 1 else 0.0
                # Ten steps of the same operations in another grouping, in float64.
                np.testing.assert_allclose(y[row, t].numpy(), [own, s], rtol=1e-12, atol=1e-13)
            expected = [index[(10 + k) % m] for k in range(m)]
            np.testing.assert_allclose(state["index"][row].numpy(), expected, rtol=1e-12, atol=1e-13)


def test_dilated_layers_are_layers_over_every_kth_step() -> None:
    torch.manual_seed(0)
    stack = Dilated(3, [1, 4], ForecastModelOptions(cell="elman", hidden=5)).double()
    x = torch.randn(2, 11, 3, dtype=torch.float64)
    first, _ = stack.layers[0](x)
    padded = torch.cat([torch.zeros(2, 1, 5).double(), first], 1)  # 12 = 3 · 4, the last step in the last place
    expected = torch.zeros_like(padded)
    for phase in range(4):
        expected[:, phase::4] = stack.layers[1](padded[:, phase::4])[0]
    torch.testing.assert_close(stack(x), expected[:, 1:] + first, rtol=1e-12, atol=1e-12)
    with pytest.raises(ArgumentError, match="dilations is"):
        dilations_of("1, 0")


def test_a_hybrid_whose_network_says_nothing_is_exponential_smoothing() -> None:
    made, batch = network(ForecastModelOptions(network="hybrid", hidden=6)), cut(ForecastModelOptions())
    with torch.no_grad():
        assert isinstance(made, Hybrid)
        for weight in (made.readout.V, made.readout.c):
            weight.zero_()
        level, _, coming = made.smoothed(batch)
        torch.testing.assert_close(made.points(batch), level + coming, rtol=0, atol=0)


def test_output_feedback_transcribed() -> None:
    options = ForecastModelOptions(network="output_feedback", hidden=6)
    made, batch = network(options), cut(options)
    own = {name.split(".")[-1]: value.numpy() for name, value in made.state_dict().items()}
    with torch.no_grad():
        found = made.points(batch).numpy()
    for row in range(4):
        z, there = batch.past[row].numpy(), batch.seen[row].numpy()
        cycle = last_cycle(batch.past[row : row + 1], batch.seen[row : row + 1], SEASON)[0].numpy()
        before, said = 0.0, []
        for t in range(CONTEXT + HORIZON):
            lagged = cycle[(t - CONTEXT) % SEASON] if t >= CONTEXT else z[t - SEASON] if t >= SEASON else 0.0
            h = np.tanh(lagged * own["U"][0] + before * own["W"][0] + own["b"])
            y = (h @ own["V"] + own["c"])[0]
            before = z[t] if t < CONTEXT and there[t] else y
            said.append(y)
        np.testing.assert_allclose(found[row], said[CONTEXT:], rtol=1e-10, atol=1e-12)
    with pytest.raises(ConfigError, match="feeds its output back"):
        network(ForecastModelOptions(network="output_feedback", output="normal"))
