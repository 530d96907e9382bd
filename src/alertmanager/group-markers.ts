/** Which groups a time interval mutes at the moment, by route and group. */
export class GroupMarkers {
  readonly #mutedBy = new Map<string, readonly string[]>();

  set(routeId: string, groupKey: string, intervals: readonly string[]): void {
    const key = `${routeId}\n${groupKey}`;
    if (intervals.length === 0) this.#mutedBy.delete(key);
    else this.#mutedBy.set(key, intervals);
  }

  get(routeId: string, groupKey: string): readonly string[] {
    return this.#mutedBy.get(`${routeId}\n${groupKey}`) ?? [];
  }

  delete(routeId: string, groupKey: string): void {
    this.#mutedBy.delete(`${routeId}\n${groupKey}`);
  }
}
