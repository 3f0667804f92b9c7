/** The five systems, as deploy/examples has them. */
export interface System {
  /** Of the ModelDeployment, and of `windlass-train`. */
  readonly name: string;
  /** In model.json and in the registry. */
  readonly model: string;
  /** Where its real data is, in a folder of data sets. */
  readonly data: string;
}

export const SYSTEMS: readonly System[] = [
  { name: 'bankchurn', model: 'BankChurn', data: 'bankchurn/Churn.csv' },
  { name: 'carvision', model: 'CarVision', data: 'carvision/vehicles_us.csv' },
  { name: 'telecom', model: 'TelecomAI', data: 'telecom/users_behavior.csv' },
  { name: 'creditrisk', model: 'CreditRisk', data: 'creditrisk/lendingclub_accepted_sample.csv' },
  { name: 'plant', model: 'PlantDisease', data: 'plant/Dataset' },
];

export const NAMESPACE = 'models';
