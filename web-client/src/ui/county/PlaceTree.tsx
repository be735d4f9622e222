// The tree of places at the left; on a phone, the same as one field.
import { Input, Tree, TreeSelect } from 'antd';
import { useMemo, useState } from 'react';
import type { OrgView } from '../../protocol/types';
import { below, type OrgNode, pathTo, treeOf } from './tree';
import { text } from './words';

interface Item {
  key: string;
  value: string;
  title: string;
  children: Item[];
}

const item = ({ org, children }: OrgNode): Item => ({
  key: org.id,
  value: org.id,
  title: org.name,
  children: children.map(item),
});

/** Places with this in their name or code, and what they lie in. */
function looked(orgs: OrgView[], part: string): OrgView[] {
  const found = orgs.filter((org) => org.name.includes(part) || org.code.includes(part));
  const kept = new Set(found.flatMap((org) => pathTo(orgs, org.id).map(({ id }) => id)));
  return orgs.filter((org) => kept.has(org.id));
}

interface Props {
  orgs: OrgView[];
  chosen: string;
  choose(org: string): void;
}

export function PlaceTree({ orgs, chosen, choose }: Props) {
  const [part, setPart] = useState('');
  const items = useMemo(() => treeOf(looked(orgs, part.trim())).map(item), [orgs, part]);
  const open = useMemo(
    () => [...new Set([...pathTo(orgs, chosen).map(({ id }) => id), ...items.map(({ key }) => key)])],
    [orgs, chosen, items],
  );
  const [shut, setShut] = useState<string[]>([]);
  const expanded = part === '' ? open.filter((id) => !shut.includes(id)) : orgs.map(({ id }) => id);
  return (
    <nav className="places" aria-label={text.tree}>
      <div className="places-wide">
        <Input
          allowClear
          placeholder={text.findPlace}
          aria-label={text.findPlace}
          value={part}
          onChange={(event) => setPart(event.target.value)}
        />
        <Tree
          blockNode
          treeData={items}
          selectedKeys={[chosen]}
          expandedKeys={expanded}
          onExpand={(_, { expanded: now, node }) =>
            setShut((before) =>
              now ? before.filter((id) => id !== node.key) : [...before, String(node.key)],
            )
          }
          onSelect={(_, { node }) => choose(String(node.key))}
          data-testid="places"
        />
      </div>
      <TreeSelect
        className="places-narrow"
        aria-label={text.tree}
        treeData={items}
        value={chosen}
        onChange={(org: string) => choose(org)}
        treeDefaultExpandedKeys={[...below(orgs, chosen)]}
        showSearch
        treeNodeFilterProp="title"
      />
    </nav>
  );
}
