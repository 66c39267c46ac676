"""The model card."""

from elman.learn.card import Card, Result, model_card

CARD = Card(
    title="reviews",
    summary="Tells good film reviews from bad ones.",
    facts={"classes": "a|b, c", "training rows": "22,500"},
    data={"train": "ab" * 32},
    results=[
        Result("this model", "test", 25_000, 0.8761, 0.8719, 0.8801, {"macro F1": 0.876}),
        Result("bag of words", "test", 25_000, 0.88, 0.8759, 0.884),
    ],
    verdict="It does not beat a bag of words.",
    usage='model = elman.load("runs/reviews")',
    commands="elman predict runs/reviews new.csv",
    limits=["It has seen English film reviews only.", "It cannot say that it does not know."],
    version="0.1.0",
)


def test_card_says_everything() -> None:
    text = model_card(CARD)
    assert text.startswith("# reviews\n\nTells good film reviews from bad ones.\n\n")
    assert "| classes | a\\|b, c |" in text  # a bar in a name would end the cell
    assert "| this model | test (25,000) | 87.61 % | 87.19 – 88.01 % | 0.876 |" in text
    assert "| bag of words | test (25,000) | 88.00 % | 87.59 – 88.40 % |  |" in text
    assert "It does not beat a bag of words." in text
    assert f"| train | `{'ab' * 32}` |" in text
    assert '```python\nmodel = elman.load("runs/reviews")\n```' in text
    assert "```sh\nelman predict runs/reviews new.csv\n```" in text
    assert "- It has seen English film reviews only.\n- It cannot" in text
    assert text.endswith("checks the files.\n")
    widths = {line.count("|") - line.count("\\|") for line in text.splitlines() if line.startswith("| this")}
    assert widths == {6}


def test_empty_parts_are_left_out() -> None:
    text = model_card(Card("t", "s", {}, {}, [], "", "", "", [], "0.1.0"))
    assert "##" not in text
    assert "|" not in text
