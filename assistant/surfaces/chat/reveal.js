() => {
  const reveal = () => {
    const side = document.getElementById('side');
    const source = side.querySelector('.source');
    const cited = document.getElementById('cited-span');
    if (!source) {
      const opener = window.assistantOpener;
      side.scrollTop = 0;
      if (opener && opener.isConnected && opener.closest('#conversation')) {
        opener.removeAttribute('aria-current');
        opener.focus();
      } else if (side.querySelector('.notice')) side.scrollIntoView({ block: 'nearest' });
      return;
    }
    if (cited) cited.scrollIntoView({ block: 'center' });
    else side.scrollTop = 0;
    source.querySelector('h2').focus({ preventScroll: true });
  };
  requestAnimationFrame(() => requestAnimationFrame(reveal));
}
