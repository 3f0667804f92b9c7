export const SHELLS = ['bash', 'zsh', 'fish', 'kubectl'] as const;
export type Shell = (typeof SHELLS)[number];

/** Each asks the program itself what could come next: one word a line, then a line with a colon and a number. */
const BASH = `# bash completion for kubectl-windlass
# source <(kubectl windlass completion bash)
_kubectl_windlass() {
  local IFS=$'\\n' current="\${COMP_WORDS[COMP_CWORD]}"
  local words
  words=$(kubectl-windlass __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | sed -e '/^:/d' -e 's/\\t.*//')
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _kubectl_windlass kubectl-windlass
`;

const ZSH = `#compdef kubectl-windlass
# source <(kubectl windlass completion zsh)
_kubectl_windlass() {
  local -a found
  found=("\${(@f)$(kubectl-windlass __complete "\${(@)words[2,CURRENT]}" 2>/dev/null | sed -e '/^:/d' -e 's/:/\\\\:/g' -e 's/\\t/:/')}")
  _describe 'kubectl-windlass' found
}
compdef _kubectl_windlass kubectl-windlass
`;

const FISH = `# fish completion for kubectl-windlass
# kubectl windlass completion fish | source
function __kubectl_windlass_complete
    set -l words (commandline -opc) (commandline -ct)
    kubectl-windlass __complete $words[2..-1] 2>/dev/null | string match -v ':*'
end
complete -c kubectl-windlass -f -a '(__kubectl_windlass_complete)'
`;

/** kubectl (1.26 and newer) completes "kubectl windlass" by running an executable of this name on PATH. */
const KUBECTL = `#!/bin/sh
# Save as kubectl_complete-windlass in a folder on PATH, and make it executable.
exec kubectl-windlass __complete "$@"
`;

export function completionScript(shell: Shell): string {
  return { bash: BASH, zsh: ZSH, fish: FISH, kubectl: KUBECTL }[shell];
}
