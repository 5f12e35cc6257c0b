/**
 * Names of members that hold secrets, as words: a name is cut at capitals, digits' edges excluded, hyphens, underscores, dots and
 * spaces, so `apiKey`, `api_key`, `x-api-key` and `API Key` are all `… api key`. A name is secret when it contains one of these.
 */
const SECRET_PHRASES: readonly string[] = [
  // passwords
  ...[
    'password',
    'passwords',
    'passwd',
    'passphrase',
    'passcode',
    'pwd',
    'pgpass',
    'secret',
    'secrets',
    'credential',
    'credentials',
  ],
  ...[
    'db pass',
    'user pass',
    'smtp pass',
    'ftp pass',
    'admin pass',
    'root pass',
    'mysql pass',
    'seed phrase',
    'recovery phrase',
  ],
  // headers
  ...['authorization', 'cookie', 'cookies', 'bearer', 'jwt'],
  // keys; the second of each pair is how it looks without a word boundary
  ...[
    'api key',
    'apikey',
    'api keys',
    'apikeys',
    'private key',
    'privatekey',
    'secret key',
    'secretkey',
    'access key',
    'accesskey',
  ],
  ...[
    'account key',
    'accountkey',
    'encryption key',
    'encryptionkey',
    'signing key',
    'signingkey',
    'master key',
    'masterkey',
  ],
  ...['session key', 'sessionkey', 'shared key', 'sharedkey', 'ssh key', 'sshkey', 'shared access signature', 'priv'],
  // tokens: `token` as the last word is judged below
  ...['access tokens', 'auth tokens', 'api tokens', 'refresh tokens', 'bearer tokens', 'session tokens'],
  ...['accesstoken', 'authtoken', 'apitoken', 'refreshtoken', 'idtoken', 'sessiontoken', 'bearertoken', 'clientsecret'],
  // connection strings
  ...[
    'connection string',
    'connectionstring',
    'connection strings',
    'conn string',
    'connstring',
    'conn str',
    'connstr',
  ],
];

/** Last words that say something about a secret and are none themselves: `password_policy`, `token_type`, `secret name`. */
const ABOUT: ReadonlySet<string> = new Set(
  (
    'name names type types count counts length len limit size policy policies manager version rotation expires expiry expiration ttl ' +
    'url uri endpoint field selector required enabled disabled strength algorithm alg hint count at created updated date arn format'
  ).split(' '),
);

/** Words before `token` that make it a place in a list or a symbol of a vocabulary. */
const PLACE_TOKENS: ReadonlySet<string> = new Set(
  'page next prev previous continuation cursor sync per pad eos bos unk stop special mask sep cls max min'.split(' '),
);

/** Longer names are judged by their first characters. */
const MAX_NAME_CHARS = 128;
/** Judged names are remembered: logs repeat theirs. Bounded, since names may be anybody's. */
const MAX_REMEMBERED = 4096;

/** Cut a name into lower-case words, one space between. Look-arounds only, so the time is linear in its length. */
export function nameWords(name: string): string {
  return name
    .slice(0, MAX_NAME_CHARS)
    .replace(/(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/gu, ' ')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

/**
 * Make the judge of names.
 * @param more names that are secret too, in any spelling. @param never names that never are, compared whole.
 * @returns whether a member of this name holds a secret.
 */
export function secretNames(more: readonly string[], never: readonly string[]): (name: string) => boolean {
  const own = more.map(nameWords).filter((words) => words !== '');
  const excepted = new Set(never.map(nameWords));
  const remembered = new Map<string, boolean>();
  const judge = (name: string): boolean => {
    const words = nameWords(name);
    if (excepted.has(words)) return false;
    const holds = (phrase: string): boolean => ` ${words} `.includes(` ${phrase} `);
    if (own.some(holds)) return true;
    const list = words.split(' ');
    const last = list.at(-1)!;
    if (ABOUT.has(last)) return false;
    if (last === 'token') return !PLACE_TOKENS.has(list.at(-2) ?? '');
    return SECRET_PHRASES.some(holds);
  };
  return (name) => {
    let secret = remembered.get(name);
    if (secret === undefined) {
      secret = judge(name);
      if (remembered.size < MAX_REMEMBERED && name.length <= MAX_NAME_CHARS) remembered.set(name, secret);
    }
    return secret;
  };
}
