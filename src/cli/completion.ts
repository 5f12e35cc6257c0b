import { Argument, type Command } from 'commander';
import { shellQuoted } from '../base/shell-word.ts';
import { type Done, newCommand, type Verb } from './command.ts';
import { EXIT } from './exit.ts';
import type { Io } from './io.ts';

/** What can be typed after a verb. */
interface VerbWords {
  readonly name: string;
  readonly summary: string;
  readonly subcommands: readonly { readonly name: string; readonly summary: string }[];
  readonly options: readonly OptionWords[];
}

interface OptionWords {
  /** With its dashes. */
  readonly flag: string;
  readonly summary: string;
  readonly takesValue: boolean;
  /** Values there are, where they are few. */
  readonly choices: readonly string[];
}

/** `perdure completion`: the script is made of the definitions of the verbs themselves. @param verbs all of them. */
export function defineCompletion(io: Io, done: Done, verbs: readonly Verb[]): Command {
  return newCommand(io, 'perdure completion', 'print a completion script')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', HELP)
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      await io.stdout.write(SCRIPTS[shell](await wordsOf(io, verbs)));
      done(EXIT.ok);
    });
}

const HELP = `
bash   source <(perdure completion bash)                              in ~/.bashrc
zsh    source <(perdure completion zsh)                               in ~/.zshrc, after compinit
fish   perdure completion fish > ~/.config/fish/completions/perdure.fish
`;

async function wordsOf(io: Io, verbs: readonly Verb[]): Promise<VerbWords[]> {
  return Promise.all(
    verbs.map(async ({ name, summary, load }) => {
      const command = (await load())(io, () => undefined);
      const options = new Map<string, OptionWords>();
      for (const one of [command, ...command.commands]) {
        for (const option of one.options) {
          const flag = option.long ?? option.short;
          if (flag === undefined || flag === null || options.has(flag)) continue;
          const takesValue = option.required || option.optional;
          options.set(flag, { flag, summary: option.description, takesValue, choices: option.argChoices ?? [] });
        }
      }
      const values = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
      const subcommands = [
        ...command.commands.map((sub) => ({ name: sub.name(), summary: sub.description() })),
        ...values.map((value) => ({ name: value, summary: '' })),
      ];
      const help = { flag: '--help', summary: 'show this help', takesValue: false, choices: [] };
      return { name, summary, subcommands, options: [...options.values(), help] };
    }),
  );
}

const SCRIPTS = { bash, zsh, fish } as const;

/** Options after a dash, subcommands right after their verb; all else is a file, which `-o default` completes. */
function bash(verbs: readonly VerbWords[]): string {
  const branch = (name: string, words: readonly string[]): string => `      ${name}) words='${words.join(' ')}' ;;`;
  const options = verbs.map((verb) =>
    branch(
      verb.name,
      verb.options.map(({ flag }) => flag),
    ),
  );
  const subcommands = verbs
    .filter((verb) => verb.subcommands.length > 0)
    .map((verb) =>
      branch(
        verb.name,
        verb.subcommands.map(({ name }) => name),
      ),
    );
  const choices = choiceTable(verbs).map(([verb, flag, values]) => `    '${verb} ${flag}') words='${values}' ;;`);
  return `# perdure completion for bash
_perdure() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} words=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${verbs.map(({ name }) => name).join(' ')} --help --version' -- "$cur"))
    return
  fi
  case "\${COMP_WORDS[1]} $prev" in
${choices.join('\n')}
  esac
  if [ -z "$words" ] && [ "\${cur#-}" != "$cur" ]; then
    case "\${COMP_WORDS[1]}" in
${options.join('\n')}
    esac
  elif [ -z "$words" ] && [ "$COMP_CWORD" -eq 2 ]; then
    case "\${COMP_WORDS[1]}" in
${subcommands.join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _perdure perdure
`;
}

function zsh(verbs: readonly VerbWords[]): string {
  const describe = ({ name, summary }: { name: string; summary: string }): string =>
    shellQuoted(`${name}:${summary.replaceAll(':', '\\:')}`);
  const branches = verbs.map(
    ({ name, subcommands, options }) => `    ${name})
      local -a subcommands=(${subcommands.map(describe).join(' ')})
      local -a options=(${options.map(({ flag, summary }) => describe({ name: flag, summary })).join(' ')})
      if [[ $PREFIX == -* ]]; then _describe option options; return; fi
      (( CURRENT == 3 )) && _describe argument subcommands
      _files ;;`,
  );
  const choices = choiceTable(verbs).map(
    ([verb, flag, values]) => `    '${verb} ${flag}') compadd ${values}; return ;;`,
  );
  return `#compdef perdure
# perdure completion for zsh
_perdure() {
  local -a verbs=(
${verbs.map((verb) => `    ${describe(verb)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe verb verbs
    return
  fi
  case "$words[2] $words[CURRENT-1]" in
${choices.join('\n')}
  esac
  case "$words[2]" in
${branches.join('\n')}
  esac
}
compdef _perdure perdure
`;
}

function fish(verbs: readonly VerbWords[]): string {
  const lines = ['# perdure completion for fish'];
  for (const { name, summary, subcommands, options } of verbs) {
    lines.push(`complete -c perdure -n __fish_use_subcommand -f -a ${name} -d ${shellQuoted(summary)}`);
    const seen = shellQuoted(`__fish_seen_subcommand_from ${name}`);
    for (const sub of subcommands)
      lines.push(`complete -c perdure -n ${seen} -f -a ${sub.name} -d ${shellQuoted(sub.summary)}`);
    for (const { flag, summary: what, takesValue, choices } of options) {
      const form = flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`;
      const value = choices.length > 0 ? ` -x -a ${shellQuoted(choices.join(' '))}` : takesValue ? ' -r' : '';
      lines.push(`complete -c perdure -n ${seen} ${form}${value} -d ${shellQuoted(what)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Options with a closed list of values: verb, flag, values. */
function choiceTable(verbs: readonly VerbWords[]): (readonly [string, string, string])[] {
  return verbs.flatMap(({ name, options }) =>
    options
      .filter(({ choices }) => choices.length > 0)
      .map(({ flag, choices }) => [name, flag, choices.join(' ')] as const),
  );
}
