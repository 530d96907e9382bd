/** A part of an address as it was meant; one that is no encoding (`100%`) stands for itself, so that the page says what it lacks. */
export function addressPart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
