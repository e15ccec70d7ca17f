namespace Muster.Scenes.Evaluation;

/// <summary>What is said of a list of errors.</summary>
/// <param name="Std">Of the whole population.</param>
/// <param name="Sse">The sum of the squares.</param>
public sealed record ErrorStatistics(
    int Count,
    double Rmse,
    double Mean,
    double Median,
    double Std,
    double Min,
    double Max,
    double Sse
)
{
    public static ErrorStatistics Of(double[] errors)
    {
        var sorted = errors.Order().ToArray();
        var (count, mean, squares) = (errors.Length, errors.Average(), errors.Sum(error => error * error));
        var median = count % 2 == 1 ? sorted[count / 2] : (sorted[(count / 2) - 1] + sorted[count / 2]) / 2;
        return new(
            count,
            Math.Sqrt(squares / count),
            mean,
            median,
            Math.Sqrt(errors.Sum(error => (error - mean) * (error - mean)) / count),
            sorted[0],
            sorted[^1],
            squares
        );
    }
}
