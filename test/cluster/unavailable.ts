/** No cluster (or no part of it) can run here: why, and what would make it run. Tests count as skipped with this. */
export class Unavailable extends Error {
  readonly reason: string;
  readonly remedy: string;

  constructor(reason: string, remedy: string) {
    super(`${reason}; ${remedy}`);
    this.name = 'Unavailable';
    this.reason = reason;
    this.remedy = remedy;
  }
}
