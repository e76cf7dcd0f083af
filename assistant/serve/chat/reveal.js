() => {
  const reveal = () => {
    const side = document.getElementById('side');
    const source = side.querySelector('.source');
    const opener = window.assistantOpener;
    if (!source) {
      side.scrollTop = 0;
      const notice = side.querySelector('#panel .notice:not(.documents *)');
      if (notice && opener) { window.assistantPanels.open('side'); notice.scrollIntoView({ block: 'nearest' }); }
      else window.assistantPanels.close();
      if (opener && opener.link.isConnected && opener.link.closest('#conversation')) {
        opener.link.removeAttribute('aria-current');
        if (!notice) opener.link.focus();
      }
      window.assistantOpener = null;
      return;
    }
    if (!opener) return;
    window.assistantPanels.open('side');
    window.assistantReveal();
    const step = ['next', 'previous'].includes(opener.step) && source.querySelector(`a.${opener.step}`);
    (step || source.querySelector('h2')).focus({ preventScroll: true });
  };
  requestAnimationFrame(() => requestAnimationFrame(reveal));
}
