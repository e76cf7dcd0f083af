"""What is wrong with an index that a child left behind."""

from pathlib import Path

from torture import Zygote


def judge(zygote: Zygote, folder: Path, ever: dict[str, set[str]]) -> list[str]:
    """Say what is wrong with the index as it was left."""
    ended = zygote.run(folder, "inspect")
    if ended.found is None:
        return [f"it cannot be inspected: {ended}"]
    if "is_missing" in ended.found:
        return []
    assert "problems" in ended.found, ended
    wrong = list(ended.found["problems"])
    wrong += [
        f"{name} was never {text!r}"
        for name, text in ended.found["texts"].items()
        if text not in ever[name]
    ]
    for answer in ended.found["answers"] or []:
        wrong += [
            f"{quote!r} never stood in {name}"
            for name, start, end, quote in answer["quotes"]
            if not any(text[start:end] == quote for text in ever[name])
        ]
    return wrong
