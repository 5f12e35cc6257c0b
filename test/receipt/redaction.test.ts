import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStrict } from '../../src/receipt/canonical.ts';
import { createRedactor, MARKER, redactEvent } from '../../src/receipt/redaction.ts';
import { nameWords } from '../../src/receipt/secret-names.ts';
import { hasShared, sharedFile } from '../shared.ts';

const redactor = createRedactor();
/** Spelt in pieces, so that no scanner takes this file for a leak. */
const GITHUB = `ghp_${'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'}`;
const JWT = `eyJ${'hbGciOiJub25lIn0'}.eyJ${'zdWIiOiIxIn0'}.c2ln`;
const PEM = `-----BEGIN ${'PRIVATE KEY'}-----\nMIIB\nxyz=\n-----END ${'PRIVATE KEY'}-----`;

describe('names', () => {
  const secret = [
    'password', 'Password', 'PASSWORD', 'db_password', 'dbPassword', 'password2'.slice(0, 8), 'new-password', 'passwd', 'passphrase',
    'apiKey', 'api_key', 'api-key', 'x-api-key', 'X-API-Key', 'APIKey', 'API_KEY', 'apikey', 'OPENAI_API_KEY', 'openaiApiKey',
    'Authorization', 'authorization', 'Proxy-Authorization', 'cookie', 'Set-Cookie', 'cookies',
    'token', 'accessToken', 'access_token', 'refresh-token', 'idToken', 'csrf_token', 'X-Auth-Token', 'githubToken',
    'secret', 'client_secret', 'clientSecret', 'AWS_SECRET_ACCESS_KEY', 'secretKey',
    'privateKey', 'private_key', 'PRIVATE-KEY', 'ssh_key', 'encryptionKey', 'AccountKey',
    'connectionString', 'connection_string', 'ConnectionStrings', 'credentials', 'jwt', 'password_hash', 'passwordHash',
  ]; // biome-ignore format: a list to read across
  const harmless = [
    'tokens_in', 'tokens_out', 'tokens', 'max_tokens', 'maxTokens', 'totalTokens', 'tokenizer', 'tokenCount', 'token_type', 'nextPageToken',
    'page_token', 'pad_token', 'author', 'authority', 'authors', 'keyboard', 'key', 'keys', 'primaryKey', 'foreign_key', 'monkey', 'keyword',
    'compass', 'passenger', 'passengers', 'passport', 'bypass', 'pass', 'secretary', 'secretName', 'password_policy', 'passwordLength',
    'authorization_url', 'cookie_policy', 'user_id', 'payment_id', 'credit_card_4421486', 'certificate_4856383', 'email', 'dob', 'public_key',
    'publicKey', 'hash', 'signature', 'session', 'kid', 'constructor', '__proto__', '',
  ]; // biome-ignore format: a list to read across

  it.each(secret)('%s holds a secret, whatever it is', (name) => {
    for (const value of ['hunter2', 12345, { user: 'u', deeper: ['x'] }, ['a']]) {
      expect(redactor.redact({ list: [{ [name]: value }] })).toEqual({
        value: { list: [{ [name]: MARKER }] },
        count: 1,
      });
    }
  });
  it.each(harmless)('%s does not', (name) => {
    const value = { [name]: 'plain words', other: { [name]: 7 } };
    expect(redactor.redact(value)).toEqual({ value, count: 0 });
  });
  it('leaves what hides nothing: null, booleans, nothing, the marker itself', () => {
    const value = { password: null, secret: true, token: '', cookie: MARKER };
    expect(redactor.redact(value)).toEqual({ value, count: 0 });
  });
  it('reads listed headers, and arguments of a command', () => {
    expect(
      redactor.redact([{ name: 'X-Api-Key', value: 'abc' }, { key: 'Accept', value: 'x' }, { name: 'password' }]),
    ).toEqual({
      value: [{ name: 'X-Api-Key', value: MARKER }, { key: 'Accept', value: 'x' }, { name: 'password' }],
      count: 1,
    });
    expect(redactor.redact(['psql', '--password', 'hunter2', '--token', '-v', '--name', 'x', '--api-key=abc'])).toEqual(
      {
        value: ['psql', '--password', MARKER, '--token', '-v', '--name', 'x', `--api-key=${MARKER}`],
        count: 2,
      },
    );
  });
  it('a working directory is no password', () => {
    expect(redactor.redact({ PWD: '/home/x', pwd: 'hunter2' })).toEqual({
      value: { PWD: '/home/x', pwd: MARKER },
      count: 1,
    });
    // ODBC puts what it pleases between braces, `}}` for one of them; and elements may hold blanks and commas.
    for (const [text, left] of [
      ['Driver={ODBC 17};Server=x;Uid=sa;Pwd={hunter2};', `Driver={ODBC 17};Server=x;Uid=sa;Pwd=${MARKER};`],
      ['Pwd={a;b}}c};Database=d', `Pwd=${MARKER};Database=d`],
      ['Server=x;Pwd=hun ter, 2&(x);Database=d', `Server=x;Pwd=${MARKER};Database=d`],
      ['{"dsn":"Server=x;Pwd=hun ter"}', `{"dsn":"Server=x;Pwd=${MARKER}"}`],
      ['Server=x;Pwd={never closed', `Server=x;Pwd=${MARKER}`],
    ] as const)
      expect(redactor.redactText(text)).toEqual({ value: left, count: 1 });
    for (const harmless of ['const password = {};', '{"password":{"a":1}}', 'a;Pwd=;b=c'])
      expect(redactor.redactText(harmless)).toEqual({ value: harmless, count: 0 });
    expect(redactor.redactText('PWD=/home/x Pwd=hunter2')).toEqual({ value: `PWD=/home/x Pwd=${MARKER}`, count: 1 });
  });
  it('cuts names into words', () => {
    expect(['apiKey', 'APIKey', 'x-api-key', 'AWS_SECRET', 'oauth2Token', ' Ünï_Code '].map(nameWords)).toEqual([
      'api key', 'api key', 'x api key', 'aws secret', 'oauth2 token', 'ünï code',
    ]); // biome-ignore format: one line
  });
});

describe('text', () => {
  const cases: [string, string, number][] = [
    ['Authorization: Bearer abc.def', `Authorization: ${MARKER}`, 1],
    [
      'curl -H "Authorization: Basic dXNlcjpwYXNz" https://x.org',
      `curl -H "Authorization: ${MARKER}" https://x.org`,
      1,
    ],
    ['GET /\r\nCookie: sid=1; other=2\r\nHost: x', `GET /\r\nCookie: ${MARKER}\r\nHost: x`, 1],
    ['sent Bearer aB3dEfGhIj to them', `sent Bearer ${MARKER} to them`, 1],
    ['Basic dXNlcjpwYXNz', `Basic ${MARKER}`, 1],
    ['Basic authentication and bearer instruments', 'Basic authentication and bearer instruments', 0],
    ['postgres://app:hunter2@db.example.org:5432/x', `postgres://app:${MARKER}@db.example.org:5432/x`, 1],
    ['mongodb+srv://u:p@ss@host/x', `mongodb+srv://u:${MARKER}@host/x`, 1],
    ['redis://:hunter2@cache', `redis://:${MARKER}@cache`, 1],
    ['https://example.org:8080/a@b', 'https://example.org:8080/a@b', 0],
    ['Server=db;User Id=sa;Password=hunter2;Encrypt=true', `Server=db;User Id=sa;Password=${MARKER};Encrypt=true`, 1],
    ['AccountName=x;AccountKey=abc==;EndpointSuffix=y', `AccountName=x;AccountKey=${MARKER};EndpointSuffix=y`, 1],
    ['https://x.org/?a=1&access_token=abc&b=2', `https://x.org/?a=1&access_token=${MARKER}&b=2`, 1],
    ['export DB_PASSWORD=hunter2 && run', `export DB_PASSWORD=${MARKER} && run`, 1],
    ["password: 'correct horse' # yes", `password: '${MARKER}' # yes`, 1],
    ['API key: abc123', `API key: ${MARKER}`, 1],
    ['login --password hunter2 --verbose', `login --password ${MARKER} --verbose`, 1],
    ['curl -u me:hunter2 https://x.org', `curl -u me:${MARKER} https://x.org`, 1],
    ['if (secret == null) return std::Secret::make()', 'if (secret == null) return std::Secret::make()', 0],
    [`see ${GITHUB}.`, `see ${MARKER}.`, 1],
    [`sk-${'proj-Ab12Cd34Ef56Gh78'} AKIA${'ABCDEFGHIJKLMNOP'}`, `${MARKER} ${MARKER}`, 2],
    [
      'sk-learn-something-else, task-oriented-dialogue-12345',
      'sk-learn-something-else, task-oriented-dialogue-12345',
      0,
    ],
    [`a ${JWT} b`, `a ${MARKER} b`, 1],
    [`key:\n${PEM}\nend`, `key:\n${MARKER}\nend`, 1],
    [`-----BEGIN ENCRYPTED ${'PRIVATE KEY'}-----\nMIIB`, MARKER, 1],
    [
      '-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----',
      '-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----',
      0,
    ],
    [
      'tokens_in: 12, max_tokens=100, author: Kim, keyboard: qwerty',
      'tokens_in: 12, max_tokens=100, author: Kim, keyboard: qwerty',
      0,
    ],
    ['The passenger asked: where is my boarding pass?', 'The passenger asked: where is my boarding pass?', 0],
  ];
  it.each(cases)('%j', (text, expected, count) => {
    expect(redactor.redactText(text)).toEqual({ value: expected, count });
    expect(redactor.redactText(expected), 'what is redacted stays as it is').toEqual({ value: expected, count: 0 });
    expect(redactor.redact({ deep: [text] })).toEqual({ value: { deep: [expected] }, count });
  });

  it('JSON inside a string stays JSON, also when escaped once more', () => {
    const json = JSON.stringify({
      user: 'kim',
      password: 'hu"nt\\er2',
      pin_password: 1234,
      note: 'ok',
      nested: { api_key: 'abc' },
    });
    const redacted = { user: 'kim', password: MARKER, pin_password: MARKER, note: 'ok', nested: { api_key: MARKER } };
    const once = redactor.redactText(json);
    expect([JSON.parse(once.value), once.count]).toEqual([redacted, 3]);
    const twice = redactor.redactText(JSON.stringify({ body: '{"password":"hunter2","user":"kim"}' }));
    expect(JSON.parse(JSON.parse(twice.value).body)).toEqual({ password: MARKER, user: 'kim' });
  });
  it('looks inside the values of harmless names', () => {
    expect(redactor.redactText('{"command":"login --password=hunter2 password=x","a":1}')).toEqual({
      value: `{"command":"login --password=${MARKER} password=${MARKER}","a":1}`,
      count: 2,
    });
  });
  it('an open quote hides the rest', () => {
    expect(redactor.redactText('a=1 password="hunter2 and more').value).toBe(`a=1 password="${MARKER}`);
  });

  // Each text is what some expression could run away on: many beginnings, no end.
  const hostile: [string, string][] = [
    ['PEM beginnings', `-----BEGIN ${'PRIVATE KEY'}-----`],
    ['half PEM beginnings', '-----BEGIN AAAA '],
    ['eyJ', 'eyJ'],
    ['eyJ with dots', 'eyJaaaaaaaa.a'],
    ['eyJ in one run', 'eyJaaaaaaaa-'],
    ['sk-', 'sk-a'],
    ['AKIA', 'AKIA'],
    ['schemes', 'Bearer '],
    ['scheme letters', 'a'],
    ['URLs', 'a://a:a'],
    ['at signs', '://u:@'],
    ['slashes', '://'],
    ['quotes', 'password="'],
    ['escaped quotes', 'password=\\"'],
    ['backslashes', '\\'],
    ['escaped quotes in a value', '\\\\"'],
    ['names', 'password '],
    ['flags', '--password '],
    ['user flags', '-u a'],
    ['headers', 'cookie:'],
    ['spaces', ' '],
    ['capitals', 'AB'],
    ['equals', '='],
    ['digits and dots', 'a.1-'],
    ['braces', 'Pwd={'],
    ['doubled braces', 'Pwd={}}'],
    ['elements', ';Pwd=a '],
  ];
  it.each(hostile)('is linear over %s', (_, piece) => {
    const text = (size: number): string => `password="\\"${piece.repeat(size / piece.length)}`;
    const harmless = (size: number): string => piece.repeat(size / piece.length);
    for (const make of [text, harmless]) {
      const begin = performance.now();
      redactor.redactText(make(400_000));
      // Linear takes some 10 ms; quadratic in 400,000 would take minutes.
      expect(performance.now() - begin).toBeLessThan(3000);
    }
    const begin = performance.now();
    redactor.redact({ [harmless(400_000)]: 1 });
    expect(performance.now() - begin).toBeLessThan(3000);
  });
  it('is linear over repeated mixtures', () => {
    const pieces = fc.constantFrom(
      ...[
        'password',
        '=',
        ':',
        '"',
        "'",
        '\\',
        ' ',
        'a',
        'B',
        '1',
        '-',
        '_',
        '.',
        '/',
        '://',
        '@',
        'eyJ',
        'sk-',
        'SG.',
        'aaaaaaaaaaaaaaaaaaaa',
      ],
      ...[
        'Bearer ',
        'cookie:',
        '--',
        '-u ',
        '\n',
        '[',
        '{',
        ',',
        `-----BEGIN ${'PRIVATE KEY'}-----`,
        '-----END ',
        'key',
        'xoxb-',
        'AKIA',
      ],
    );
    fc.assert(
      fc.property(
        fc.array(pieces, { minLength: 1, maxLength: 4 }),
        fc.array(pieces, { maxLength: 2 }),
        (repeated, first) => {
          const unit = repeated.join('');
          const text = first.join('') + unit.repeat(100_000 / unit.length);
          const begin = performance.now();
          redactor.redactText(text);
          expect(performance.now() - begin).toBeLessThan(1500);
        },
      ),
      { numRuns: 200 },
    );
  });
  it('takes values of 10 MB: no expression overflows', () => {
    const long = 'aB1_'.repeat(2_500_000);
    for (const [text, rest] of [
      [`{"password":"${long}","a":1}`, `{"password":"${MARKER}","a":1}`],
      [`Bearer ${long}`, `Bearer ${MARKER}`],
      [`password=${long} x`, `password=${MARKER} x`],
      [`Cookie: ${long}`, `Cookie: ${MARKER}`],
      [`sk-${long}`, MARKER],
      [`eyJ${long}.${long}.x`, MARKER],
    ] as const) {
      expect(redactor.redactText(text).value === rest).toBe(true);
    }
  });
});

describe('rules of the caller', () => {
  it('more names in any spelling, names that are none, more patterns', () => {
    const own = createRedactor({
      names: ['card number', 'пароль'],
      keep: ['csrf-token'],
      patterns: [/\bEMP-\d+\b/, /IBAN \w+/gi],
    });
    expect(
      own.redact({
        cardNumber: 1,
        'x-card-number': '2',
        Пароль: 'x',
        csrfToken: 'y',
        apiKey: 'z',
        text: 'EMP-12 iban DE1 EMP-x',
      }),
    ).toEqual({
      value: {
        cardNumber: MARKER,
        'x-card-number': MARKER,
        Пароль: MARKER,
        csrfToken: 'y',
        apiKey: MARKER,
        text: `${MARKER} ${MARKER} EMP-x`,
      },
      count: 6,
    });
  });
  it('an expression that matches nothing, sticky or stateful ones do no harm', () => {
    const sticky = /x/y;
    sticky.lastIndex = 5;
    expect(createRedactor({ patterns: [/q*/, sticky] }).redactText('axa')).toEqual({ value: `a${MARKER}a`, count: 1 });
    expect(sticky.lastIndex).toBe(5);
  });
  it('refuses rules of another kind', () => {
    expect(() => createRedactor({ patterns: ['x' as unknown as RegExp] })).toThrow(TypeError);
    expect(() => createRedactor({ names: [1 as unknown as string] })).toThrow(TypeError);
  });
});

describe('redactEvent', () => {
  it('redacts params, result, error and data, text in target, resource and reason, and counts', () => {
    const event = {
      type: 'tool_call',
      agent: 'a',
      authorization: { role: 'r', allowed: true },
      action: { tool: 't', target: 'https://u:pw@x.org', resource: 'token=abc', params: { apiKey: 'k' } },
      outcome: { status: 'failed', reason: 'password=x', error: ['Bearer a1b2c3d4'], result: `{"secret":"s"}` },
      data: { cookie: 'c' },
      tokens_in: 3,
    };
    const before = structuredClone(event);
    expect(redactEvent(event, redactor)).toEqual({
      value: {
        type: 'tool_call',
        agent: 'a',
        authorization: { role: 'r', allowed: true },
        action: {
          tool: 't',
          target: `https://u:${MARKER}@x.org`,
          resource: `token=${MARKER}`,
          params: { apiKey: MARKER },
        },
        outcome: {
          status: 'failed',
          reason: `password=${MARKER}`,
          error: [`Bearer ${MARKER}`],
          result: `{"secret":"${MARKER}"}`,
        },
        data: { cookie: MARKER },
        tokens_in: 3,
        redacted: 7,
      },
      count: 7,
    });
    expect(event).toEqual(before);
  });
  it('adds to a count that is there, and says nothing where there was nothing', () => {
    expect(redactEvent({ type: 'custom', data: { token: 'x' }, redacted: 2 }, redactor).value.redacted).toBe(3);
    const clean = { type: 'custom', data: { a: 1 } };
    expect(redactEvent(clean, redactor).value).toBe(clean);
  });
  it("leaves the caller's signed request and bytes as they are", () => {
    const event = { type: 'custom', request: { token: 'x' }, action: { params: new Uint8Array([1]) } };
    expect(redactEvent(event, redactor)).toEqual({ value: event, count: 0 });
  });
  it('is not confused by members of other kinds', () => {
    for (const event of [{ action: 'x', outcome: null, data: 1 }, { action: [], outcome: { result: null } }, {}]) {
      expect(redactEvent(event, redactor)).toEqual({ value: event, count: 0 });
    }
    const withProto = parseStrict('{"data":{"__proto__":{"token":"x"},"a":{"b":1}}}') as Parameters<
      typeof redactEvent
    >[0];
    expect(JSON.stringify(redactEvent(withProto, redactor).value)).toBe(
      `{"data":{"__proto__":{"token":"${MARKER}"},"a":{"b":1}},"redacted":1}`,
    );
  });
});

describe('laws', () => {
  const piece = fc.constantFrom(
    'password', '=', ':', '"', "'", '\\"', ' ', 'hunter2', 'token', 'Bearer ', 'a1b2c3d4e5', '://', '@', 'u:', 'Cookie: ', '\n', ';', '&',
    '{', '}', '[', ']', ',', '--api-key', '-u ', GITHUB, JWT, PEM, MARKER, 'x', 'author', '\\',
  ); // biome-ignore format: a list to read across
  const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
  const value = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      text,
      fc.integer(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.oneof(text, fc.constantFrom('token', 'value', 'name', '__proto__')), tie('value'), {
        maxKeys: 4,
      }),
    ),
  })).value as fc.Arbitrary<Parameters<typeof redactor.redact>[0]>;

  const texts = (inside: unknown): string[] =>
    typeof inside === 'string'
      ? [inside]
      : typeof inside === 'object' && inside !== null
        ? Object.values(inside).flatMap(texts)
        : [];

  it('the argument is never changed, the count says whether anything was, no private key survives', () => {
    fc.assert(
      fc.property(value, (before) => {
        const copy = structuredClone(before);
        const once = redactor.redact(before);
        expect(before).toEqual(copy);
        expect(once.count > 0).toBe(JSON.stringify(once.value) !== JSON.stringify(before));
        expect(texts(once.value).filter((text) => text.includes('MIIB'))).toEqual([]);
      }),
      { numRuns: 3000 },
    );
  });
});

describe.skipIf(!hasShared)('1,164 real agent calls', () => {
  it('loses nothing: they hold no secrets', () => {
    const calls = sharedFile('data/agent-tool-calls.jsonl').trimEnd().split('\n');
    expect(calls).toHaveLength(1164);
    const touched = calls
      .map((line) => JSON.parse(line))
      .filter(({ args, result }) => redactor.redact({ args, result }).count > 0);
    expect(touched).toEqual([]);
  });
});
