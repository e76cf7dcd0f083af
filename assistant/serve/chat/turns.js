/* The conversation: drawn whole, or one turn of it anew, of which `data-before` tells the place. */
const renewInside = (old, made) => {
  const now = [...old.childNodes], then = [...made.childNodes];
  then.forEach((node, at) => { if (now[at]) renew(now[at], node); else old.append(node); });
  now.slice(then.length).forEach((node) => node.remove());
};
/* What stays the same stays in place, with its focus and what is unfolded in it. */
const renew = (old, made) => {
  if (old.nodeName !== made.nodeName) return old.replaceWith(made);
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== made.data) old.data = made.data;
    return;
  }
  for (const { name } of [...old.attributes]) if (!made.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of made.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  renewInside(old, made);
};
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
