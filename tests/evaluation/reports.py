"""A report of a run that never was, for the page of a report to be tested with."""

import random
from dataclasses import replace
from statistics import fmean

from assistant.evaluation.report import Bar, Estimate, Record, Report, Source

HANDBOOK = (
    (
        "How many days of leave do employees accrue each month?",
        ("two days", "2 days"),
        "Leave policy",
        "Employees accrue two days of leave per month, from the first month of employment.",
        "Leave that is not taken by the end of March lapses, unless the manager agreed otherwise.",
    ),
    (
        "Who approves travel that costs more than 2,000 euros?",
        ("head of finance",),
        "Travel and expenses",
        "Travel whose cost exceeds 2,000 euros is approved by the head of finance in advance.",
        "Receipts are handed in within thirty days; a lost receipt is declared in writing.",
    ),
    (
        "When must a data breach be reported?",
        ("72 hours", "three days"),
        "Information security",
        "A breach of personal data is reported to the authority within 72 hours of its discovery.",
        "Laptops are encrypted, and a lost one is reported to the service desk at once.",
    ),
    (
        "What notice period applies after five years of employment?",
        ("two months",),
        "Termination",
        "After five years of employment the notice period is two months to the end of a month.",
        "During probation either side may give notice of two weeks.",
    ),
    (
        "Which expenses are never reimbursed?",
        ("fines", "parking fines"),
        "Travel and expenses",
        "Fines, minibar charges and upgrades are never reimbursed, whatever their cause.",
        "A daily allowance stands in for meals on journeys of more than eight hours.",
    ),
    (
        "How often is the fire alarm tested?",
        ("every month", "monthly"),
        "Health and safety",
        "The fire alarm is tested on the first Tuesday of every month at ten in the morning.",
        "Each floor has two wardens, whose names hang beside the lifts.",
    ),
)
NEWS = (
    (
        "Since when has Flax Typhoon been active?",
        ("2021",),
        "Sanctions on Integrity Technology",
        "Flax Typhoon, active since at least 2021, has exploited publicly known vulnerabilities.",
        "China's Foreign Ministry rejected the accusations. The company denied them.",
    ),
    (
        "How many homes will the offshore wind farm supply?",
        ("1.4 million",),
        "Wind farm in the Baltic approved",
        "Once complete, the wind farm is expected to supply about 1.4 million homes a year.",
        "Fishing associations had objected to the cable route through the spawning grounds.",
    ),
    (
        "What caused the delay of the bridge's reopening?",
        ("corrosion", "corroded cables"),
        "Bridge stays shut until spring",
        "Engineers found corrosion in eleven of the main cables, which delays the reopening.",
        "Ferries run every twenty minutes until then, and take cyclists free of charge.",
    ),
    (
        "متى افتتح المتحف الجديد في القاهرة؟",
        ("2025",),
        "المتحف المصري الكبير",
        "افتتح المتحف المصري الكبير رسميا في نوفمبر 2025 بحضور وفود من عشرات الدول.",
        "يضم المتحف أكثر من مئة ألف قطعة أثرية.",
    ),
)
ABSENT = (
    "How many employees work in the Lisbon office?",
    "What did the minister say about the strike in Marseille?",
    "Which supplier delivers the coffee machines?",
    "Who won the sailing regatta in 2019?",
)
REASON = "No sentence of the documents answers this clearly enough."
WAYS = (
    "right right absent right refused right absent right wrong right evidence absent right "
    "answered absent right right partial absent"
).split()
"""What becomes of as many questions in a row."""
BAR = 0.35
"""The confidence under which it abstained."""
MEASURES = ("trusted", "contains_answer", "evidence_f1", "pointer_validity", "verbatim")

AT_MOST = ("over_refusal", "seconds_p95")
BARS = (
    ("handbook", "pointer_validity", 1.0),
    ("handbook", "verbatim", 1.0),
    ("handbook", "contains_answer", 0.75),
    ("handbook", "over_refusal", 0.1),
    ("news", "contains_answer", 0.6),
    ("news", "seconds_p95", 2.0),
)


def fake_report(n: int = 60, seed: int = 0) -> Report:
    """Return a report of two sets of which about a quarter went wrong, and of a mere ranking."""
    drawn = random.Random(seed)
    records = tuple(_record(k, WAYS[k % len(WAYS)], drawn) for k in range(n))
    records += tuple(_ranked(k) for k in range(4))
    summary = {name: _summary(records, name) for name in ("handbook", "news", "abstracts")}
    bars = tuple(
        Bar(name, measure, bound, measure not in AT_MOST, _is_kept(name, measure, bound, summary))
        for name, measure, bound in BARS
        if measure in summary[name]
    )
    return Report(
        "nightly",
        "2026-11-23T06:13:40+00:00",
        412.7,
        "assistant eval nightly --data ../data --out nightly.json",
        {
            "commit": "429fdc9",
            "settings": {"k": 8, "max_over_refusal": 0.1, "answerer": "extract", "llm": None},
            "fingerprints": {"embedder": "9f1c" * 16, "evidence scorer": "07be" * 16},
            "versions": {"assistant": "0.1.0", "python": "3.11.9", "numpy": "2.3.4"},
            "corpora": {"handbook": {"digest": "aa41" * 16, "documents": 12}},
        },
        summary,
        bars,
        records,
    )


def empty_report() -> Report:
    """Return a report of nothing."""
    return Report("", "", 0.0, "", {}, {}, (), ())


def _is_kept(
    name: str, measure: str, bound: float, summary: dict[str, dict[str, Estimate]]
) -> bool:
    value = summary[name][measure].value
    return value <= bound if measure in AT_MOST else value >= bound


def _record(k: int, way: str, drawn: random.Random) -> Record:
    dataset, rows = ("news", NEWS) if k % 3 == 2 else ("handbook", HANDBOOK)
    question, answers, title, quote, other = rows[k // 3 % len(rows)]
    is_answerable = way not in ("absent", "answered", "partial")
    abstained = way in ("refused", "absent")
    if not is_answerable:
        question, answers = ABSENT[k // 5 % len(ABSENT)], ()
    right, wrong = _source(title, quote), _source(title, other, start=2310)
    cited = () if abstained else (wrong,) if way in ("wrong", "answered", "evidence") else (right,)
    said = tuple((one.text, (number,)) for number, one in enumerate(cited, start=1))
    if way == "evidence":
        said = ((f"{question.rstrip('?')}: {answers[0]}.", (1,)),)
    shape = (5, 1.6) if is_answerable else (1.2, 4)
    confidence = drawn.betavariate(*shape) * (BAR if abstained else 1 - BAR)
    return Record(
        dataset,
        f"{dataset}-{k:03}",
        question,
        question.replace("Flax", "flax") if k % 4 else f"{question} (in the documents)",
        "partial" if way == "partial" else ("fact", "list", "when")[k % 3 - k % 2],
        is_answerable,
        answers,
        abstained,
        said,
        REASON if abstained else None,
        round(confidence if abstained else confidence + BAR, 3),
        round(drawn.lognormvariate(-1.2, 0.5), 4) * (12 if k % 29 == 28 else 1),
        cited,
        (right,) if is_answerable else (),
        tuple(_source(row[2], row[4], start=2310) for row in rows if row[4] != other)
        + ((right,) if way == "wrong" else ()),
        _values(way, is_broken=k % 23 == 1, is_answerable=is_answerable, abstained=abstained),
    )


def _ranked(k: int) -> Record:
    """Return a question that was searched for and not answered."""
    values = {"recall@10": 0.25 * k, **dict.fromkeys(MEASURES)}
    asked = f"what is known of boundary layers, part {k}"
    return Record(
        dataset="abstracts",
        query_id=f"abstracts-{k}",
        question=asked,
        query=asked,
        kind="",
        is_answerable=True,
        answers=(),
        abstained=False,
        said=(),
        reason=None,
        confidence=0.0,
        seconds=1e-7,
        cited=(),
        gold=(),
        read=(),
        values=values,
    )


def _source(title: str, text: str, start: int = 1204) -> Source:
    document_id = f"{title.lower().replace(' ', '-')}.md"
    return Source(document_id, title, start, start + len(text), text)


def _values(
    way: str, *, is_broken: bool, is_answerable: bool, abstained: bool
) -> dict[str, float | None]:
    is_right = None if way == "partial" else float(way in ("right", "absent"))
    holds = None if not is_answerable else float(way in ("right", "evidence"))
    f1 = float(way == "right") if is_answerable else None
    whole = None if abstained else 1.0
    broken = 0.5 if is_broken and not abstained else whole
    return {
        "trusted": is_right,
        "contains_answer": holds,
        "evidence_f1": 0.21 if way == "evidence" else f1,
        "pointer_validity": whole,
        "verbatim": broken,
    }


def _summary(records: tuple[Record, ...], dataset: str) -> dict[str, Estimate]:
    ours = [one for one in records if one.dataset == dataset]
    asked = [one for one in ours if one.said or one.abstained]
    found = {name: [one.values[name] for one in ours] for name in MEASURES}
    found["over_refusal"] = [float(o.abstained) if o.is_answerable else None for o in asked]
    found["refusal_recall"] = [None if o.is_answerable else float(o.abstained) for o in asked]
    found["recall@10"] = [0.98 if one.is_answerable else None for one in ours]
    found["seconds_p95"] = [one.seconds for one in asked]
    return {name: estimate for name, values in found.items() if (estimate := _estimate(values))}


def _estimate(values: list[float | None]) -> Estimate | None:
    found = [value for value in values if value is not None]
    if not found:
        return None
    mean, half = fmean(found), 0.4 / len(found) ** 0.5
    low, high = max(0.0, mean - half), min(1.0, mean + half) if mean <= 1 else mean + half
    return Estimate(mean, low, high, len(found), len(values) - len(found))


def with_text(report: Report, text: str) -> Report:
    """Return a report with a text in every place that can hold one."""
    records = tuple(_hostile(record, text, k) for k, record in enumerate(report.records))
    estimate = next(iter(next(iter(report.summary.values())).values()))
    return replace(
        report,
        name=text,
        made=text,
        command=text,
        about={text: {text: [text, {text: text}]}, f"{text}.": text},
        summary={text: {text: estimate}},
        bars=(Bar(text, text, 0.5, True, False), Bar("", text, float("nan"), False, True)),
        records=records,
    )


def _hostile(record: Record, text: str, k: int) -> Record:
    source = Source(text, text, 0, 9, text)
    said = ((text, (1, 9)),) if record.said else ()
    values = {**record.values, text: 0.5}
    return replace(
        record,
        query_id=f"{text}{k}",
        question=text,
        query=f"{text}!",
        said=said,
        cited=(source,),
        gold=(source, source),
        read=(source,),
        values=values,
        dataset=text,
        kind=text,
        reason=text,
        answers=(text,),
    )
