/** What --help teaches by: commands as they would be typed. */
export const EXAMPLES = {
  program: `Examples:
  kubectl windlass status bankchurn --watch     # follow a rollout to its end
  kubectl windlass predict bankchurn            # try it, with an example made from its inputs
  kubectl windlass promote bankchurn            # end the hold that its rollout is in
  kubectl windlass undo bankchurn               # back to what served before, in seconds
  kubectl windlass history bankchurn            # every revision, and why it is where it is`,
  status: `Examples:
  kubectl windlass status                       # all of the namespace, a line each
  kubectl windlass status -A -o wide            # all namespaces, with where the models come from
  kubectl windlass status bankchurn             # a tree: revisions, their pods, the cause, the next step
  kubectl apply -f bankchurn.yaml && kubectl windlass status bankchurn --watch --timeout=5m

In a script: it ends with 0 when the model is Ready and with 4 when it needs a person.`,
  history: `Examples:
  kubectl windlass history bankchurn
  kubectl windlass history bankchurn -o wide    # when each served, who undid it, metrics, image and source too
  kubectl windlass history bankchurn -o json | jq '.revisions[].spec.artifact.sha256'`,
  diff: `Examples:
  kubectl windlass diff bankchurn               # what the newest change changed
  kubectl windlass diff bankchurn 3             # revision 3 against the one that serves
  kubectl windlass diff bankchurn 2 5           # any two
  kubectl windlass diff bankchurn --exit-code   # for scripts: 0 the same, 1 different, 2 and more an error`,
  events: `Examples:
  kubectl windlass events bankchurn
  kubectl windlass events bankchurn --watch     # beside a rollout
  kubectl windlass events bankchurn -o json | jq -r '.items[] | select(.type == "Warning").note'`,
  promote: `Examples:
  kubectl windlass promote bankchurn                # end this hold
  kubectl windlass promote bankchurn --full         # and all that come
  kubectl windlass promote bankchurn --revision=4   # only if revision 4 is still the candidate
  kubectl windlass promote bankchurn --revision=4 --step=2   # for scripts: asked twice, it promotes once
  kubectl windlass promote bankchurn --dry-run -o yaml`,
  abort: `Examples:
  kubectl windlass abort bankchurn --reason='p99 looks odd'
  kubectl windlass abort bankchurn --dry-run        # what it would do

To go forward again: change the spec (kubectl apply), or delete the ModelRollback that this command names.`,
  pause: `Examples:
  kubectl windlass pause bankchurn                  # stays at its weight
  kubectl windlass resume bankchurn                 # goes on`,
  resume: `Examples:
  kubectl windlass resume bankchurn`,
  undo: `Examples:
  kubectl windlass undo bankchurn --reason='false alarms since 10:00'
  kubectl windlass undo bankchurn --to-revision=3
  kubectl windlass undo bankchurn --dry-run     # what it would do
  kubectl windlass undo bankchurn --dry-run -o yaml   # the object, for Git

To go forward again: change the spec (kubectl apply), or delete the ModelRollback that this command names.`,
  retrain: `Examples:
  kubectl windlass retrain bankchurn
  kubectl windlass retrain bankchurn --dry-run -o yaml   # the Job
  kubectl create job bankchurn-now --from=cronjob/bankchurn   # the same without this plugin`,
  predict: `Examples:
  kubectl windlass predict bankchurn                                  # an example made from its inputs
  kubectl windlass predict bankchurn -d '{"Age": 42, "Geography": "France", "Balance": 0}'
  kubectl windlass predict bankchurn -d @customer.json
  kubectl windlass predict bankchurn --batch -d @customers.json       # a JSON list of rows
  jq .customer order.json | kubectl windlass predict bankchurn -d -`,
  push: `Examples:
  kubectl windlass push bundles/bankchurn s3://models/bankchurn/2/
  kubectl windlass push bundles/bankchurn s3://models/bankchurn/2/ --endpoint-url=http://minio.example.com:9000

Give each version a prefix of its own: a bundle that is there already is not changed in place.`,
  init: `Examples:
  kubectl windlass init bundles/bankchurn --uri=s3://models/bankchurn/1/ > bankchurn.yaml
  kubectl windlass init s3://models/bankchurn/1/ -n churn --secret=models --output=bankchurn.yaml
  kubectl windlass init s3://models/fraud.onnx --name=fraud | kubectl apply -f -
  MLFLOW_TRACKING_URI=http://localhost:5000 kubectl windlass init models:/BankChurn@champion --secret=mlflow

It speaks to no cluster. Review the limits of the checks before you apply it.`,
  completion: `Examples:
  source <(kubectl windlass completion bash)    # completes kubectl-windlass, for this shell
  source <(kubectl windlass completion zsh)
  kubectl windlass completion fish > ~/.config/fish/completions/kubectl-windlass.fish

  # completes "kubectl windlass ..." wherever kubectl itself is completed:
  kubectl windlass completion kubectl | sudo tee /usr/local/bin/kubectl_complete-windlass >/dev/null
  sudo chmod +x /usr/local/bin/kubectl_complete-windlass`,
  convert: `Examples:
  kubectl windlass convert -f inferenceservice.yaml > bankchurn.yaml
  kubectl get inferenceservices -n churn -o yaml | kubectl windlass convert -f - --secret=models
  kubectl windlass convert -f churn.yaml --file=churn.onnx   # what the graph is called below storageUri

It ends with 0 when all was converted, with 1 when something is named as not converted, with 2 for what is no InferenceService.`,
} as const;
