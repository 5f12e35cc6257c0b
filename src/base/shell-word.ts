/** What no shell gives a meaning to. */
const PLAIN = /^[A-Za-z0-9_./:@%+,=][A-Za-z0-9_./:@%+,=-]*$/;

/**
 * Write a text as one word of a POSIX shell, for commands that are shown to be copied: whoever sends evidence chooses the names of its
 * files. @returns it as it is where nothing in it means anything to a shell, else in single quotes.
 */
export function shellWord(text: string): string {
  return PLAIN.test(text) ? text : shellQuoted(text);
}

/** Put a text in single quotes. One inside ends them, is escaped, and begins them again: bash, zsh and fish all read that alike. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
