"""What is wrong with a child's end, and with an index that it left behind."""

import shutil
from pathlib import Path

from torture import Ended, Zygote


def texts_of(zygote: Zygote, folder: Path) -> dict[str, str]:
    """Return the texts that an index of the folder should hold."""
    elsewhere = folder / "elsewhere"
    shutil.copytree(folder / "corpus", elsewhere / "corpus")
    zygote.run(elsewhere, "sync")
    texts: dict[str, str] = zygote.run(elsewhere, "inspect").found["texts"]
    shutil.rmtree(elsewhere)
    return texts


def tell(ended: Ended) -> str:
    """Say in a word or two how a sync ended."""
    if ended.status:
        return "killed"
    if ended.error:
        return "told"
    return "told of the base" if ended.found["base_problem"] else "went through"


def judge_end(ended: Ended, *, may_be_killed: bool) -> list[str]:
    """Say what is wrong with how a sync ended, on a disk that failed if it was not killed."""
    if ended.status == -9 and may_be_killed:
        return []
    if ended.status:
        return [f"it ended with status {ended.status}: {ended.stderr[-800:]}"]
    if ended.error and (ended.error[0] != "StoreError" or "see to the disk" not in ended.error[1]):
        return [f"it was told so: {ended.error}"]
    return []


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


def judge_next(zygote: Zygote, folder: Path, texts: dict[str, str], n_tail: int) -> list[str]:
    """Say what is wrong after one more sync."""
    ended = zygote.run(folder, "sync", max_tail_passages=n_tail)
    if ended.found is None or ended.found["base_problem"]:
        return [f"the next sync failed: {ended}"]
    found = zygote.run(folder, "inspect", max_tail_passages=n_tail).found
    is_right = found and not found["problems"] and found["texts"] == texts
    if not is_right or not all(answer["quotes"] for answer in found["answers"]):
        return [f"not in step after a sync: {found}"]
    return []
