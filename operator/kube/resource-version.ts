/**
 * Resource versions of one kind compare as whole decimal numbers; the API's documentation promises it since
 * Kubernetes 1.35, and etcd's revisions have always been such numbers. They may be longer than a double holds.
 */
export function isNewer(version: string, than: string): boolean {
  if (version.length !== than.length) return version.length > than.length;
  return version > than;
}

/** The version of an object, '' where it has none: older than every other. */
export function versionOf(object: { readonly metadata: { readonly resourceVersion?: string } }): string {
  return object.metadata.resourceVersion ?? '';
}
