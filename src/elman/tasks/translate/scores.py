"""How near translations come to given ones: BLEU and chrF, computed by sacrebleu, the one place where it enters."""

from collections.abc import Sequence
from typing import Any

from elman.errors import MissingExtraError


def scores(written: Sequence[str], references: Sequence[Sequence[str]]) -> dict[str, Any]:
    """BLEU and chrF of a corpus, with the signatures that say how they were computed.

    Args:
        written: n translations, as text: with capitals, no words set apart from their marks.
        references: the right translations of each, one or more.

    Returns:
        bleu and chrf (from 0 to 100), bleu_signature and chrf_signature.

    Raises:
        MissingExtraError: sacrebleu is not installed.

    Source: M. Post, "A call for clarity in reporting BLEU scores", WMT 2018 (sacrebleu); K. Papineni et al., "BLEU: a
    method for automatic evaluation of machine translation", ACL 2002; M. Popović, "chrF: character n-gram F-score for
    automatic MT evaluation", WMT 2015.
    """
    try:
        from sacrebleu.metrics import BLEU, CHRF  # pyright: ignore[reportMissingImports, reportPrivateImportUsage]
    except ImportError as error:
        raise MissingExtraError("sacrebleu", "translate-metrics", "BLEU") from error
    most = max((len(own) for own in references), default=1)
    columns: list[Any] = [[own[i] if i < len(own) else None for own in references] for i in range(most)]
    found: dict[str, Any] = {}
    for name, metric in (("bleu", BLEU()), ("chrf", CHRF())):
        found[name] = float(metric.corpus_score(list(written), columns).score)
        found[f"{name}_signature"] = str(metric.get_signature())
    return found
