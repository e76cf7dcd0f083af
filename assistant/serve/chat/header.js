/* Shows and hides the two side panels. */
const narrow = window.matchMedia('(max-width: 64rem)');
const nav = element.querySelector('#toggle-nav');
const side = element.querySelector('#toggle-side');
const tell = () => {
  const body = document.body.classList;
  nav.setAttribute('aria-expanded', String(narrow.matches ? body.contains('nav-open') : !body.contains('nav-shut')));
};
nav.addEventListener('click', () => {
  document.body.classList.toggle(narrow.matches ? 'nav-open' : 'nav-shut');
  tell();
});
side.addEventListener('click', () => {
  document.body.classList.toggle('side-open');
  const title = document.querySelector('#side h2');
  if (title && document.body.classList.contains('side-open')) title.focus();
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  document.body.classList.remove('nav-open');
  tell();
});
document.addEventListener('click', (event) => {
  if (narrow.matches && !event.target.closest('#nav, #toggle-nav')) document.body.classList.remove('nav-open');
  tell();
});
tell();
