let shownTurns = 0;
watch('value', () => {
  const turns = element.querySelectorAll('.turn');
  if (turns.length > shownTurns) turns[turns.length - 1].scrollIntoView({ block: 'start' });
  shownTurns = turns.length;
});
