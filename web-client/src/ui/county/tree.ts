// The organisation tree from the server's list: pure.
import type { OrgKind, OrgView } from '../../protocol/types';
import { languageTag } from '../../words/language';

export interface OrgNode {
  org: OrgView;
  children: OrgNode[];
}

const byName = (a: OrgNode, b: OrgNode) =>
  a.org.name.localeCompare(b.org.name, languageTag, { numeric: true });

/** What belongs to nothing that is in the list is a root: a school's administrator sees no more than the school. */
export function treeOf(orgs: readonly OrgView[]): OrgNode[] {
  const nodes = new Map(orgs.map((org) => [org.id, { org, children: [] as OrgNode[] }]));
  const roots: OrgNode[] = [];
  for (const node of nodes.values()) {
    const parent = node.org.parent_id == null ? undefined : nodes.get(node.org.parent_id);
    (parent?.children ?? roots).push(node);
  }
  for (const node of nodes.values()) node.children.sort(byName);
  return roots.sort(byName);
}

/** The place and everything below it. */
export function below(orgs: readonly OrgView[], id: string): Set<string> {
  const found = new Set([id]);
  // A child may stand before its parent in the list: as many rounds as the tree is deep.
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const org of orgs) if (org.parent_id != null && found.has(org.parent_id)) found.add(org.id);
  }
  return found;
}

/** From the root to the place. */
export function pathTo(orgs: readonly OrgView[], id: string): OrgView[] {
  const byId = new Map(orgs.map((org) => [org.id, org]));
  const path: OrgView[] = [];
  for (let at = byId.get(id); at !== undefined && !path.includes(at); ) {
    path.unshift(at);
    at = at.parent_id == null ? undefined : byId.get(at.parent_id);
  }
  return path;
}

/** Where a page begins if its address names no place: the county, or what comes nearest to it. */
export function firstPlace(orgs: readonly OrgView[]): OrgView | null {
  const roots = treeOf(orgs);
  for (const kind of ['county', 'city', 'province', 'school'] satisfies OrgKind[]) {
    const found = orgs.find((org) => org.kind === kind);
    if (found !== undefined) return found;
  }
  return roots[0]?.org ?? null;
}

/** What a place may be that belongs to one of this kind; to none: anything. */
export function kindsBelow(parent: OrgKind | null): OrgKind[] {
  const all: OrgKind[] = ['province', 'city', 'county', 'school'];
  return parent === null ? all : all.slice(all.indexOf(parent) + 1);
}
