"""The demonstration learns what its contrasts cannot, and its parts do what they say."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from elman.tasks.classify import grammar


@pytest.fixture(scope="module")
def learned():
    learn, test = grammar.sentences(4000, 400)
    options = replace(grammar.OPTIONS, training=replace(grammar.OPTIONS.training, epochs=12, batch_size=32))
    return learn, test, grammar.learn_grammar(learn, options=options)


def test_no_test_sentence_is_learned_from_and_each_stands_once():
    learn, test = grammar.sentences(3000, 300, seed=5)
    assert len(learn) == 3000
    assert len(test) == len({s.words for s in test}) == 300
    assert sum(s.grammatical for s in test) == 150
    assert not {s.words for s in learn} & {s.words for s in test}
    assert grammar.sentences(3000, 300, seed=5) == (learn, test)
    assert grammar.sentences(3000, 300, seed=6) != (learn, test)


def test_the_network_beats_all_three_contrasts(learned):
    learn, test, model = learned
    window = grammar.learn_window(learn, model.symbols, epochs=3)
    comparison = grammar.compare(model, window, test)
    everything = comparison["all"][0]
    best = max(everything.window, everything.bag_of_words, everything.majority)
    assert everything.model > best + 0.03
    attracted = [group for group in comparison["attractors"] if group.group != "0"]
    rows = np.array([group.rows for group in attracted])
    share = {name: (rows * [getattr(g, name) for g in attracted]).sum() / rows.sum() for name in ("model", "window")}
    assert share["model"] > share["window"] + 0.03


def test_groups_hold_every_sentence_once_and_add_up(learned):
    _, test, model = learned
    right = np.array(
        [p == label for p, label in zip(model.predict(grammar.texts(test)), grammar.labels(test), strict=True)]
    )
    comparison = grammar.compare(model, lambda these: np.array([s.grammatical for s in these]), test)
    for groups in comparison.values():
        assert sum(group.rows for group in groups) == len(test)
        assert sum(group.rows * group.model for group in groups) == pytest.approx(right.sum())
        assert sum(group.rows * group.window for group in groups) == pytest.approx(sum(s.grammatical for s in test))
    of_few_words = [s for s in test if grammar.length(s) <= 4]
    assert of_few_words == [] or comparison["words"][0].rows == len(of_few_words)


def test_hidden_states_are_the_steps_of_the_cell(learned):
    _, _, model = learned
    texts = ["boys who chase cats walk .", "john lives ."]
    for text, states in zip(texts, grammar.hidden_states(model, texts), strict=True):
        ids = model.symbols.encode([text]).row(0)
        (cell,) = model.network.recurrent.cells.values()
        h = torch.zeros(1, states.shape[1])
        assert len(states) == len(text.split())
        for symbol, state in zip(ids.tolist(), states, strict=True):
            h = torch.tanh(model.network.embedding.weight[[symbol]] @ cell.U + h @ cell.W + cell.b)
            assert np.allclose(state, h.detach().numpy(), atol=1e-5)


def test_the_window_sees_no_word_beyond_its_width(learned):
    learn, test, model = learned
    window = grammar.learn_window(learn[:600], model.symbols, epochs=1)
    long = [s for s in test if len(s.words) > grammar.WINDOW + 1][:50]
    # The same beginnings with another end, each with the same label: judged alike.
    others = [replace(s, words=(*s.words[: grammar.WINDOW], "who", "lives", ".")) for s in long]
    assert long
    assert (window(long) == window(others)).all()
