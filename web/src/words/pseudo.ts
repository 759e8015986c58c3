const ACCENTED: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from('aceinosuyzACEINOSUYZ').map((letter, place) => [
    letter,
    Array.from('áçéîñöšûýžÁÇÉÎÑÖŠÛÝŽ')[place] ?? letter,
  ]),
);

/** A text as a longer language would have it: accents, and 40 % more. What stays plain was not in the words. */
export function pseudo(text: string): string {
  const accented = Array.from(text, (letter) => ACCENTED[letter] ?? letter).join('');
  return `[${accented}${'·'.repeat(Math.ceil(text.length * 0.4))}]`;
}
