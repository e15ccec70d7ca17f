import { useEffect, useState } from 'preact/hooks';
import { link } from './address';
import { call, get } from './api';
import { plural, span } from './format';
import { isLive, useKnown } from './known';
import { Fault, Mark, Text, Title, useNow } from './parts';

interface Site {
  name: string;
  kind: string;
  default: boolean;
  hosts: string[];
  root: string;
  provider?: string;
}
interface Finding {
  mark: 'ok' | 'warn' | 'bad';
  about: string;
  text: string;
  fix?: string;
}
interface Check {
  sites: { site: string; ok: boolean; hosts: { name: string; findings: Finding[] }[] }[];
}
export function Sites() {
  const { runs, skew } = useKnown();
  const now = useNow() + skew;
  const [found, set] = useState<{ sites: Site[] } | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [checks, setChecks] = useState<Record<string, Check['sites'][number] | 'asked'>>({});
  useEffect(() => void get<{ sites: Site[] }>('/sites').then(set, setFault), []);
  const check = (name: string) => {
    setChecks((before) => ({ ...before, [name]: 'asked' }));
    void call<Check>('POST', `/sites/${encodeURIComponent(name)}/check`).then(
      (answer) => setChecks((before) => ({ ...before, [name]: answer.sites[0]! })),
      (refused) => {
        setFault(refused);
        setChecks((before) => Object.fromEntries(Object.entries(before).filter(([one]) => one !== name)));
      },
    );
  };
  const all = [...runs.values()].filter(isLive);
  return (
    <>
      <Title name="Sites" />
      <Fault of={fault} />
      {found?.sites.map((site) => {
        const own = all.filter((run) => run.site === site.name);
        const away = own.find((run) => run.unreachable_since);
        const checked = checks[site.name];
        return (
          <section class="panel" key={site.name} aria-label={site.name}>
            <header>
              <h2>
                <Text>{site.name}</Text>
              </h2>
              <span class="grow faint clip">
                <Text>
                  {[site.kind, site.provider, site.hosts.join(', '), site.default ? 'default' : '']
                    .filter(Boolean)
                    .join(' · ')}
                </Text>
              </span>
              {away && (
                <Mark of="attention" word={`unreachable for ${span(now - Date.parse(away.unreachable_since!))}`} />
              )}
              <a class="link" href={link([], { q: site.name, state: 'active' })}>
                {plural(own.length, 'active run')}
              </a>
              <button type="button" disabled={checked === 'asked'} onClick={() => check(site.name)}>
                {checked === 'asked' ? 'Checking…' : 'Check'}
              </button>
            </header>
            {checked && checked !== 'asked' && (
              <ul class="needs">
                {checked.hosts.flatMap((host) =>
                  host.findings.map((finding, n) => (
                    <li key={`${host.name}${n}`}>
                      <Mark of={{ ok: 'completed', warn: 'attention', bad: 'failed' }[finding.mark]} word="" />
                      <span class="hidden">{finding.mark}</span>
                      <span class="kind">
                        <Text>{checked.hosts.length > 1 ? `${host.name} ${finding.about}` : finding.about}</Text>
                      </span>
                      <span class="grow">
                        <Text>{finding.text}</Text>
                        {finding.fix && (
                          <div class="soft">
                            <Text>{finding.fix}</Text>
                          </div>
                        )}
                      </span>
                    </li>
                  )),
                )}
              </ul>
            )}
          </section>
        );
      })}
    </>
  );
}
