/* One tree drawn as another: what stays the same stays in place, with its focus and what is unfolded in it. */
const renewInside = (old, made) => {
  const now = [...old.childNodes], then = [...made.childNodes];
  then.forEach((node, at) => { if (now[at]) renew(now[at], node); else old.append(node); });
  now.slice(then.length).forEach((node) => node.remove());
};
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
