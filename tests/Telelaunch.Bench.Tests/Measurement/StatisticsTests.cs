using Telelaunch.Bench.Measurement;

namespace Telelaunch.Bench.Tests.Measurement;

public sealed class StatisticsTests
{
    [Theory]
    [InlineData(new double[] { 7 }, 7)]
    [InlineData(new double[] { 9, 1, 5 }, 5)]
    [InlineData(new double[] { 4, 1, 100, 2 }, 3)]
    public void Median_IsTheMiddleOrTheMeanOfTheTwoThere(double[] values, double median) => Assert.Equal(median, Statistics.Median(values));

    [Fact]
    public void Median_OfNothing_IsAnError() => Assert.Throws<ArgumentException>(() => Statistics.Median([]));

    [Theory]
    [InlineData(50, 50)]
    [InlineData(90, 90)]
    [InlineData(99, 99)]
    [InlineData(99.5, 100)]
    [InlineData(100, 100)]
    [InlineData(0.1, 1)]
    public void Percentile_IsTheNearestRank(double percent, double value) =>
        Assert.Equal(value, Statistics.Percentile(Enumerable.Range(1, 100).Reverse().Select(number => (double)number), percent));

    [Fact]
    public void Percentile_OfOneValue_IsThatValue() => Assert.Equal(3, Statistics.Percentile([3], 99));

    [Theory]
    [InlineData(0)]
    [InlineData(101)]
    public void Percentile_OutsideOfItsRange_IsAnError(double percent) => Assert.Throws<ArgumentOutOfRangeException>(() => Statistics.Percentile([1], percent));

    [Fact]
    public void PairedRatio_IsTheMedianOfTheRatios_NotTheRatioOfTheMedians()
    {
        // Twice the peer in each round, on a machine that is ten times as fast in one and a hundred times in another.
        double[] peers = [1, 10, 100, 30];
        double[] values = [2, 20, 200, 45];

        Assert.Equal(2, Statistics.PairedRatio(values, peers));
        Assert.NotEqual(2, Statistics.Median(values) / Statistics.Median(peers));
    }

    [Fact]
    public void PairedRatio_OfDifferentNumbersOfRounds_IsAnError() => Assert.Throws<ArgumentException>(() => Statistics.PairedRatio([1, 2], [1]));
}
