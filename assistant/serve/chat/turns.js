/* The conversation: drawn whole, or one turn of it anew, of which `data-before` tells the place. */
const drawTurns = () => {
  const given = document.createElement('template');
  given.innerHTML = props.value || '';  /* our own markup, in which the text is escaped */
  const frame = element.querySelector('.said');
  const part = given.content.querySelector('.talk[data-before]');
  if (!part) return renewInside(frame, given.content);
  const { conversation, before: at, last } = part.dataset;
  const talk = frame.querySelector('.talk'), before = Number(at);
  const isShown = talk && talk.dataset.conversation === conversation;
  if (!isShown && before === 0) {
    part.removeAttribute('data-before');
    return renewInside(frame, given.content);
  }
  if (!isShown || talk.children.length < before) return trigger('open', { reference: `open-${conversation}` });
  if (talk.children[before]) renew(talk.children[before], part.firstElementChild);
  else talk.append(part.firstElementChild);
  while (last && talk.children.length > before + 1) talk.lastElementChild.remove();
};
watch('value', drawTurns);
