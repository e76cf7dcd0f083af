element.addEventListener('click', (event) => {
  const link = event.target.closest('a[href^="#"]');
  if (!link || !element.contains(link)) return;
  event.preventDefault();
  const reference = link.getAttribute('href').slice(1);
  if (reference !== 'close') {
    window.assistantOpener = link;
    document.querySelectorAll('#conversation a[aria-current]').forEach(
      (other) => other.removeAttribute('aria-current'));
    link.setAttribute('aria-current', 'true');
  }
  trigger('open', { reference });
});
