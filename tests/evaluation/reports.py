"""A report of a run that never was, for the page of a report to be tested with."""

import random
from dataclasses import replace

from evaluation.outcomes import record

from assistant.evaluation.report import Bar, Record, Report, Source
from assistant.evaluation.statistics import estimate_mean

HANDBOOK = (
    (
        "How many days of leave do employees accrue each month?",
        ("two days", "2 days"),
        "Leave policy",
        "Employees accrue two days of leave per month, from the first month of employment.",
        "Leave that is not taken by the end of March lapses, unless the manager agreed otherwise.",
    ),
    (
        "Which expenses are never reimbursed?",
        ("fines", "parking fines"),
        "Travel and expenses",
        "Fines, minibar charges and upgrades are never reimbursed, whatever their cause.",
        "A daily allowance stands in for meals on journeys of more than eight hours.",
    ),
)
NEWS = (
    (
        "How many homes will the offshore wind farm supply?",
        ("1.4 million",),
        "Wind farm in the Baltic approved",
        "Once complete, the wind farm is expected to supply about 1.4 million homes a year.",
        "Fishing associations had objected to the cable route through the spawning grounds.",
    ),
    (
        "متى افتتح المتحف الجديد في القاهرة؟",
        ("2025",),
        "المتحف المصري الكبير",
        "افتتح المتحف المصري الكبير رسميا في نوفمبر 2025 بحضور وفود من عشرات الدول.",
        "يضم المتحف أكثر من مئة ألف قطعة أثرية.",
    ),
)
ABSENT = ("How many employees work in the Lisbon office?", "Who won the sailing regatta in 2019?")
WAYS = (
    "right right absent right refused right absent right wrong right evidence absent right "
    "answered absent right right partial absent"
).split()
"""What becomes of as many questions in a row."""
BAR = 0.35
"""The confidence under which it abstained."""
MEASURES = ("trusted", "contains_answer", "evidence_f1", "over_refusal", "verbatim")
EMPTY = Report("", "", 0.0, "", {}, {}, (), ())


def fake_report(n: int = 60) -> Report:
    """A report of two sets of which about a quarter went wrong, and of a mere ranking."""
    drawn = random.Random(0)
    records = tuple(_record(k, WAYS[k % len(WAYS)], drawn) for k in range(n))
    records += tuple(
        record(
            0.0, query_id=f"abstracts-{k}", dataset="abstracts", said=(), values={"recall@10": 1}
        )
        for k in range(4)
    )
    by_dataset = {
        name: [one for one in records if one.dataset == name]
        for name in ("handbook", "news", "abstracts")
    }
    return Report(
        "nightly",
        "2026-11-23T06:13:40+00:00",
        412.7,
        "assistant eval nightly.jsonl",
        {"commit": "429fdc9", "settings": {"k": 8, "llm": None}, "sets": {"news": {"n": [1, 2]}}},
        {
            name: {
                measure: estimate
                for measure in (*MEASURES, "recall@10")
                if (estimate := estimate_mean([one.values.get(measure) for one in ours]))
            }
            for name, ours in by_dataset.items()
        },
        (
            Bar("handbook", "verbatim", 1.0, True, False),
            Bar("handbook", "over_refusal", 0.2, False, True),
            Bar("news", "contains_answer", 0.6, True, True),
        ),
        records,
    )


def with_text(report: Report, text: str) -> Report:
    """A report with a text in every place that can hold one."""
    estimate = next(iter(next(iter(report.summary.values())).values()))
    return replace(
        report,
        name=text,
        made=text,
        command=text,
        about={text: {text: [text, {text: text}]}, f"{text}.": text},
        summary={text: {text: estimate}},
        bars=(Bar(text, text, 0.5, True, False), Bar("", text, float("nan"), False, True)),
        records=tuple(_filled(one, text, k) for k, one in enumerate(report.records)),
    )


def _record(k: int, way: str, drawn: random.Random) -> Record:
    dataset, rows = ("news", NEWS) if k % 3 == 2 else ("handbook", HANDBOOK)
    question, answers, title, quote, other = rows[k // 3 % len(rows)]
    is_answerable = way not in ("absent", "answered", "partial")
    abstained = way in ("refused", "absent")
    right, wrong = _source(title, quote), _source(title, other, start=2310)
    cited = wrong if way in ("wrong", "answered", "evidence") else right
    confidence = drawn.betavariate(*((5, 1.6) if is_answerable else (1.2, 4)))
    confidence *= BAR if abstained else 1 - BAR
    base = record(
        round(confidence if abstained else confidence + BAR, 3),
        is_answerable=is_answerable,
        kind="partial" if way == "partial" else ("fact", "list", "when")[k % 3 - k % 2],
        abstained=abstained,
        said=((cited.text, (1,)),),
        seconds=round(drawn.lognormvariate(-1.2, 0.5), 4),
        query_id=f"{dataset}-{k:03}",
        dataset=dataset,
        values={
            "trusted": None if way == "partial" else float(way in ("right", "absent")),
            "contains_answer": float(way in ("right", "evidence")) if is_answerable else None,
            "evidence_f1": float(way == "right") if is_answerable else None,
            "over_refusal": float(abstained) if is_answerable else None,
            "verbatim": None if abstained else 0.5 if k % 23 == 1 else 1.0,
        },
    )
    question = question if is_answerable else ABSENT[k % len(ABSENT)]
    return replace(
        base,
        question=question,
        query=question if k % 4 else f"{question} (in the documents)",
        answers=answers if is_answerable else (),
        cited=() if abstained else (cited,),
        gold=(right,) if is_answerable else (),
        read=(wrong, right),
    )


def _source(title: str, text: str, start: int = 1204) -> Source:
    document_id = f"{title.lower().replace(' ', '-')}.md"
    return Source(document_id, title, start, start + len(text), text)


def _filled(one: Record, text: str, k: int) -> Record:
    source = Source(text, text, 0, 9, text)
    return replace(
        one,
        dataset=text,
        query_id=f"{text}{k}",
        question=text,
        query=f"{text}!",
        kind=text,
        answers=(text,),
        said=((text, (1, 9)),) if one.said else (),
        reason=text,
        cited=(source,),
        gold=(source, source),
        read=(source,),
        values={**one.values, text: 0.5},
    )
