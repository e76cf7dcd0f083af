"""The documents in a real browser: listed, found, ticked, added, renamed, removed, brought back."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import IN_BROWSER, Visit, ask, keep_picture, serving
from playwright.sync_api import Page, expect
from surface_fakes import FakeAssistant

from assistant.store.sync import Progress
from assistant.values import DocumentId, FileRecord, Status

pytestmark = IN_BROWSER


class FolderAssistant(FakeAssistant):
    """Lists the files that are in the folder, beside those that it can answer from."""

    def fill(self, *names: str) -> "FolderAssistant":
        for name in names:
            path = self.settings.corpus_dir / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"This is {name}.")
        return self

    def documents(self) -> tuple[FileRecord, ...]:
        root = self.settings.corpus_dir
        paths = sorted(path for path in root.rglob("*") if path.is_file())
        return tuple(
            FileRecord(
                DocumentId(path.relative_to(root).as_posix()),
                Status.INDEXED,
                None,
                path.name,
                1,
                path.stat().st_size,
            )
            for path in paths
        )


def listed(page: Page) -> list[str]:
    names: list[str] = page.locator(".files > li").evaluate_all(
        """(items) => items.map((item) =>
            item.querySelector('.fold-folder, .row-name a, .name').textContent.trim())"""
    )
    return names


def drop_files(page: Page, place: str, **files: str) -> None:
    """Let go of files over a place of the page, as a file manager does."""
    page.evaluate(
        """([place, files]) => {
            const data = new DataTransfer();
            for (const [name, text] of Object.entries(files))
                data.items.add(new File([text], name));
            const at = document.querySelector(place);
            for (const type of ['dragenter', 'dragover', 'drop']) {
                if (type === 'drop') window.covered = document.body.classList.contains('dropping');
                at.dispatchEvent(new DragEvent(type,
                    { dataTransfer: data, bubbles: true, cancelable: true }));
            }
        }""",
        [place, {name.replace("_", "."): text for name, text in files.items()}],
    )


def choose(page: Page, name: str, action: str) -> None:
    row = page.locator(f'.files > li[data-id="{name}"]')
    row.locator("summary").click()
    row.locator(".menu >> text=" + action).click()


def test_a_question_is_asked_of_the_documents_that_are_ticked(visit: Visit) -> None:
    fake = FakeAssistant()
    with serving(fake) as (at, _):
        page = visit(at)
        page.check('input[data-only="handbook.md"]')
        expect(page.locator("#banner")).to_contain_text("Asking only handbook.md")
        turn = ask(page, "leave")
        assert fake.asked_of[-1] == ("handbook.md",)
        expect(turn.locator(".asked-of")).to_have_text("Asked only of handbook.md")
        page.click("#banner >> text=Ask all")
        expect(page.locator("#banner")).to_have_text("")
        expect(page.locator('input[data-only="handbook.md"]')).not_to_be_checked()
        ask(page, "leave")
        assert not fake.asked_of[-1]
        page.click("#turn-1 >> text=Ask again")
        expect(page.locator("#turn-3 .asked-of")).to_be_visible()
        assert fake.asked_of[-1] == ("handbook.md",)


def test_a_sync_shows_its_progress_and_what_it_did(visit: Visit) -> None:
    with serving(FakeAssistant(pause_s=0.1)) as (at, _):
        page = visit(at)
        page.click(".documents-head button")
        expect(page.locator(".documents .progress")).to_contain_text("of 4 files")
        expect(page.locator(".documents .notice")).to_have_text("Synced in 0.4 s: 1 added.")


def test_a_sync_can_be_stopped(visit: Visit) -> None:
    with serving(FakeAssistant(pause_s=0.3)) as (at, _):
        page = visit(at)
        page.click(".documents-head button")
        page.click(".documents-head >> text=Stop")
        expect(page.locator(".documents .notice")).to_contain_text("Stopped.")
        expect(page.locator(".documents-head button")).to_have_text("Sync")


def test_files_are_dropped_in_and_never_overwrite_one(visit: Visit, tmp_path: Path) -> None:
    fake = FakeAssistant()
    corpus = fake.settings.corpus_dir
    (corpus / "there.txt").write_text("Old.")
    for name, text in {"new.txt": "New.", "there.txt": "Other.", "film.mp4": "x"}.items():
        (tmp_path / name).write_text(text)
    with serving(fake) as (at, _):
        page = visit(at)
        given = [tmp_path / name for name in ("new.txt", "there.txt", "film.mp4")]
        page.set_input_files(".drop input", given)
        said = page.locator(".uploads .notice")
        expect(said).to_have_count(2)
        expect(said.first).to_contain_text("another file named 'there.txt'")
        expect(said.last).to_contain_text("unsupported kind of file (.mp4)")
        expect(page.locator(".documents .notice").first).to_contain_text("Synced", timeout=10_000)
        assert fake.n_syncs == 1
    assert (corpus / "new.txt").read_text() == "New."
    assert (corpus / "there.txt").read_text() == "Old."
    assert sorted(path.name for path in corpus.iterdir()) == ["new.txt", "there.txt"]
    visit.faults[:] = [fault for fault in visit.faults if "409" not in fault and "415" not in fault]


def test_thousands_are_listed_in_parts_found_by_words_and_ticked_at_once(visit: Visit) -> None:
    names = [f"letters/{n // 100}/letter {n}.txt" for n in range(1_500)]
    with serving(FolderAssistant().fill("plan.md", *names)) as (at, _):
        page = visit(at)
        expect(page.locator(".documents-head .count")).to_have_text("1,501")
        assert listed(page) == ["letters 1,500", "plan.md"]
        page.click(".fold-folder")
        expect(page.locator(".fold-folder")).to_have_count(16)
        assert listed(page)[:4] == ["letters 1,500", "0 100", "1 100", "2 100"]
        page.click('.fold-folder:has-text("0") >> nth=1')
        expect(page.locator(".files > li")).to_have_count(100)
        page.click("text=Show more")
        expect(page.locator(".files > li")).to_have_count(117)
        keep_picture(page, "documents-tree")
        page.focus(".narrow")
        page.keyboard.type("letter 147", delay=20)
        expect(page.locator(".documents")).to_contain_text("12 of 1,501 have these words.")
        expect(page.locator(".narrow")).to_be_focused()
        expect(page.locator(".narrow")).to_have_value("letter 147")
        assert listed(page)[0] == "letter 147.txt"
        page.click("text=Tick all that match")
        expect(page.locator(".files input:checked")).to_have_count(12)
        expect(page.locator("#banner")).to_contain_text(
            "letter 147.txt, letter 1147.txt, letter 1470.txt"
        )
        expect(page.locator("#banner")).to_contain_text("and 9 more")
        keep_picture(page, "documents-found")
        page.fill(".narrow", "")
        expect(page.locator('input[data-only-folder="letters"]')).not_to_be_checked()
        page.select_option(".order", "largest")
        expect(page.locator(".fold-folder")).to_have_count(0)
        expect(page.locator(".files > li")).to_have_count(100)
        assert listed(page)[0].startswith("letter 1")
        page.select_option(".order", "name")
        page.check('input[data-only-folder="letters/0"]')
        expect(page.locator("#banner")).to_contain_text("and 109 more")


def test_a_file_is_removed_brought_back_and_renamed(visit: Visit) -> None:
    assistant = FolderAssistant().fill("a/plan.md", "b.txt", "old name.txt")
    corpus = assistant.settings.corpus_dir
    with serving(assistant) as (at, _):
        page = visit(at)
        choose(page, "a/plan.md", "Remove")
        expect(page.locator(".uploads")).to_contain_text("Removed plan.md.")
        expect(page.locator('.files > li[data-id="a/plan.md"]')).to_have_count(0)
        assert not (corpus / "a" / "plan.md").exists()
        keep_picture(page, "documents-removed")
        page.click(".uploads >> text=Undo")
        expect(page.locator(".uploads")).to_have_text("Brought back plan.md.")
        expect(page.locator('.files > li[data-id="a/plan.md"]')).to_have_count(1)
        assert (corpus / "a" / "plan.md").read_text() == "This is a/plan.md."
        expect(page.locator(".documents-head >> text=Sync")).to_be_visible()
        choose(page, "old name.txt", "Rename")
        expect(page.locator(".new-name")).to_be_focused()
        keep_picture(page, "documents-rename")
        page.keyboard.type("new name")
        page.keyboard.press("Enter")
        expect(page.locator(".uploads")).to_have_text("Renamed old name.txt to new name.txt.")
        expect(page.locator('.files > li[data-id="new name.txt"]')).to_have_count(1)
        choose(page, "new name.txt", "Rename")
        page.locator(".new-name").fill("b.txt")
        page.keyboard.press("Enter")
        expect(page.locator(".uploads .notice")).to_contain_text("another file named 'b.txt'")
    assert (corpus / "new name.txt").read_text() == "This is old name.txt."
    assert (corpus / "b.txt").read_text() == "This is b.txt."
    visit.faults[:] = [fault for fault in visit.faults if "409" not in fault]


@pytest.mark.parametrize("width", [390, 1440])
def test_a_drop_anywhere_adds_files_and_brings_the_documents_up(visit: Visit, width: int) -> None:
    assistant = FolderAssistant().fill("b.txt")
    with serving(assistant) as (at, _):
        page = visit(at, viewport={"width": width, "height": 800})
        ask(page, "typhoon").locator(".cite").first.click()
        page.wait_for_selector("#cited-span")
        drop_files(page, "#side .source" if width < 600 else "#conversation .turn", new_txt="New.")
        assert page.evaluate("window.covered")
        expect(page.locator("#panel .documents")).to_be_visible()
        expect(page.locator('.files > li[data-id="new.txt"]')).to_be_visible()
        expect(page.locator("body")).not_to_have_class(re.compile("dropping"))
        assert page.url.startswith(at)
        drop_files(page, "#question textarea", new_txt="Other.", film_mp4="x")
        expect(page.locator(".uploads .notice")).to_have_count(2)
        expect(page.locator(".uploads")).to_contain_text("another file named 'new.txt'")
    assert (assistant.settings.corpus_dir / "new.txt").read_text() == "New."
    visit.faults[:] = [fault for fault in visit.faults if "409" not in fault and "415" not in fault]


def test_files_that_come_while_a_sync_runs_are_read_after_it(visit: Visit, tmp_path: Path) -> None:
    assistant = FolderAssistant(pause_s=0.2).fill("b.txt")
    (tmp_path / "late.txt").write_text("Late.")
    with serving(assistant) as (at, _):
        page = visit(at)
        page.click(".documents-head button")
        expect(page.locator(".documents .progress")).to_be_visible()
        page.set_input_files(".drop input", tmp_path / "late.txt")
        expect(page.locator('.files > li[data-id="late.txt"]')).to_be_visible()
        expect(page.locator(".documents .notice.done")).to_be_visible(timeout=15_000)
        assert assistant.n_syncs == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 820, 1440])
def test_the_documents_look_well_in_any_window_and_to_any_reader(
    visit: Visit, scheme: str, width: int
) -> None:
    names = [f"reports/2024/report {n}.txt" for n in range(9)]
    assistant = FolderAssistant().fill("minutes/2025-03-01 board.txt", "plan.md", *names)
    with serving(assistant) as (at, _):
        assistant.progress = Progress("reading", 3, 11, None, "plan.md", 0.4, 9.0)
        page = visit(at, color_scheme=scheme, viewport={"width": width, "height": 800})
        if width <= 1024:
            page.click("#toggle-side")
        expect(page.locator(".reading")).to_be_visible()

        def audit(state: str) -> None:
            page.wait_for_timeout(250)
            keep_picture(page, f"documents-{state}-{scheme}-{width}")
            found = Axe().run(page).response["violations"]
            assert not [one["id"] for one in found if one["impact"] in {"serious", "critical"}]
            assert page.evaluate("document.documentElement.scrollWidth") <= width

        audit("reading")
        page.locator('.files > li[data-id="plan.md"] summary').click()
        audit("menu")
        assistant.progress = None
        page.locator('.files > li[data-id="plan.md"] >> text=Remove').click()
        expect(page.locator(".documents .notice.done")).to_be_visible()
        audit("removed")
        page.fill(".narrow", "report")
        expect(page.locator(".documents")).to_contain_text("9 of 10 have these words.")
        audit("found")
        page.evaluate("document.body.classList.add('dropping')")
        audit("dropping")


def test_what_was_removed_is_still_to_be_brought_back_after_a_reload(visit: Visit) -> None:
    assistant = FolderAssistant().fill("a/plan.md", "b.txt", "c.txt", "d.txt")
    corpus = assistant.settings.corpus_dir
    with serving(assistant) as (at, _):
        page = visit(at)
        for name in ("a/plan.md", "b.txt", "c.txt"):
            choose(page, name, "Remove")
            expect(page.locator(f'.files > li[data-id="{name}"]')).to_have_count(0)
            expect(page.locator(".documents-head >> text=Sync")).to_be_visible()
        page.reload()
        page.click(".trash summary")
        expect(page.locator(".trash summary")).to_have_text("Trash: 3 files")
        page.click('.removed li:has-text("plan.md") >> text=Bring back')
        expect(page.locator(".uploads")).to_have_text("Brought back plan.md.")
        expect(page.locator('.files > li[data-id="a/plan.md"]')).to_have_count(1)
        assert (corpus / "a" / "plan.md").read_text() == "This is a/plan.md."
        expect(page.locator(".removed")).to_be_visible()
        delete = page.locator('.removed li:has-text("b.txt") .danger')
        delete.click()
        expect(delete).to_have_text("Delete for good?")
        delete.click()
        expect(page.locator(".removed li")).to_have_count(1)
        empty = page.locator(".trash > .danger")
        empty.click()
        expect(page.locator(".removed li")).to_have_count(1)
        empty.click()
        expect(page.locator(".trash")).to_have_count(0)
    assert [path.name for path in corpus.rglob("*") if path.is_file()] != []
    assert not list((assistant.settings.index_dir / "trash").iterdir())


def test_a_long_sync_sends_little_and_leaves_what_a_person_does_in_the_list(visit: Visit) -> None:
    assistant = FolderAssistant(pause_s=0.25).fill(*(f"letter {n}.txt" for n in range(60)))
    with serving(assistant) as (at, _):
        page = visit(at)
        page.evaluate(
            """() => { window.kept = document.querySelector('.files > li:nth-child(40)');
                document.querySelector('.files').dataset.seen = 'yes'; }"""
        )
        page.click(".documents-head button")
        expect(page.locator(".documents progress")).to_be_visible()
        page.locator(".files > li .menu summary").nth(5).click()
        expect(page.locator(".documents .progress")).to_contain_text("3 of 4 files")
        expect(page.locator(".files > li .menu[open]")).to_have_count(1)
        assert page.evaluate("window.kept.isConnected"), "rows that stay the same stay"
        expect(page.locator(".documents .notice")).to_contain_text("Synced in")
        assert len(listed(page)) == 60
