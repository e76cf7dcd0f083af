"""Questions asked of small tables in Markdown, without an index."""

from retrievals import judgement_of

from assistant.answer.compute import Declined, Worked, work_out
from assistant.evidence.scorer import Judgement
from assistant.ingest.formats.markdown import read as read_markdown
from assistant.ingest.structure import arrange, list_sentences
from assistant.values import Document, DocumentId, Passage, PassageId, Role


def document_of(name: str, markdown: str) -> Document:
    parsed = read_markdown(markdown)
    units = arrange(parsed.text, parsed.units)
    title = parsed.text.partition("\n")[0]
    return Document(DocumentId(name), "0" * 64, title, "text/markdown", parsed.text, units=units)


def found_in(*documents: Document) -> Judgement:
    """Return a judgement of all sentences of documents, each as likely to answer."""
    passages = []
    for document in documents:
        spans = tuple(list_sentences(document.text, document.units))
        roles = tuple(
            next(u.role for u in document.units if u.start <= s < u.end) for s, _ in spans
        )
        name, text = document.document_id, document.text
        passages.append(Passage(PassageId(name), name, 0, len(text), text, spans, None, roles))
    return judgement_of(passages, [0.0] * sum(len(p.sentences) for p in passages))


def ask(question: str, files: dict[str, str]) -> tuple[Worked, ...] | Declined:
    documents = {name: document_of(name, text) for name, text in files.items()}
    return work_out(question, found_in(*documents.values()), lambda name: documents[name])


def answer_to(question: str, files: dict[str, str]) -> Worked:
    found = ask(question, files)
    assert not isinstance(found, Declined), found.reason
    assert len(found) == 1
    return found[0]


def rows_of(worked: Worked, *, shown: bool = False) -> list[str]:
    """Return the first cells of the rows that a result rests on, or shows."""
    document = worked.document
    units = [document.units[n] for n in (worked.shown if shown else worked.used)]
    lines = [document.text[u.start : u.end] for u in units if u.role is Role.ROW]
    return [line.split(" | ")[0].partition(": ")[2] for line in lines]
